"""Pictures of a recording in 3D: all views of a frame, the skeleton among the cameras."""

import os.path as osp
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch

from ..geometry.cameras import project
from ..visualization import draw_scene, draw_views, plot_residuals
from .inputs import Recording, read_frames
from .poses_3d import Poses3D, camera_tensors


def draw(
    poses: Poses3D,
    frames: Sequence[int],
    folder: str,
    recordings: Optional[Sequence[Recording]] = None,
    height: int = 400,
) -> List[str]:
    """Write ``frame_<n>.png`` and ``scene_<n>.png`` of frames, and ``residuals.png``.

    Args:
        poses (Poses3D): The recording.
        frames (list[int]): Which are drawn.
        folder (str): Takes the pictures.
        recordings (list[Recording], optional): Of the views; without, they are white.
        height (int): Of a view in a picture, pixels.

    Returns:
        list[str]: Paths of what was written.
    """
    views, written = poses.views, []
    images = [_images(poses, view, frames, recordings) for view in range(len(views.cameras))]
    for frame in frames:
        path = osp.join(folder, f'frame_{frame:06d}.png')
        draw_views(
            [of_view[frame] for of_view in images],
            [camera['name'] for camera in views.cameras],
            views.skeleton.links,
            path,
            predicted=views.pixels[frame],
            reprojected=reprojections(poses, frame),
            inliers=poses.inliers[frame] | np.isnan(poses.errors[frame]),
            height=height,
        )
        written.append(path)
        if np.isfinite(poses.points[frame]).any():
            path = osp.join(folder, f'scene_{frame:06d}.png')
            name = f'frame {frame}'
            draw_scene({name: poses.points[frame]}, views.skeleton.links, path, views.cameras)
            written.append(path)
    path = osp.join(folder, 'residuals.png')
    plot_residuals(_residuals(poses), path)
    return [*written, path]


def reprojections(poses: Poses3D, frame: int) -> np.ndarray:
    """A frame's points in all views, pixels (V, K, 2)."""
    return _projected(poses, poses.points[frame])


def _projected(poses: Poses3D, points: np.ndarray) -> np.ndarray:
    """Points (..., K, 3) in all views, (V, ..., K, 2)."""
    flat = torch.from_numpy(np.ascontiguousarray(points).reshape(-1, 3))
    pixels = project(flat[None], *camera_tensors(poses.views))[0].numpy()
    return pixels.reshape(len(pixels), *points.shape[:-1], 2)


def _residuals(poses: Poses3D) -> Dict[str, np.ndarray]:
    """Keypoints minus projections of the views that agree, (M, 2) of each camera."""
    found = poses.views.pixels.transpose(1, 0, 2, 3) - _projected(poses, poses.points)
    return {
        camera['name']: found[view][poses.inliers[:, view]]
        for view, camera in enumerate(poses.views.cameras)
    }


def _images(
    poses: Poses3D, view: int, frames: Sequence[int], recordings: Optional[Sequence[Recording]]
) -> Dict[int, np.ndarray]:
    """Frame -> image of a view."""
    width, height = poses.views.cameras[view]['size']
    white: Dict[int, np.ndarray] = {
        frame: np.full((height, width, 3), 255, np.uint8) for frame in frames
    }
    if recordings is None or not frames:
        return white
    first, last = min(frames), max(frames)
    for frame in read_frames(recordings[view], first):
        if frame.number in white and frame.image is not None:
            white[frame.number] = frame.image
        if frame.number >= last:
            break
    return white
