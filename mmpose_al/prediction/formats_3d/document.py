"""JSON with everything that is known of each frame: points, errors, views, grades, cameras."""

from typing import Any, List

import numpy as np

from ...fileio import write_json
from ..poses_3d import UNIT, Poses3D

ENDING, HELP = '.3d.json', 'all that is known of each frame, and the cameras'
FORMAT, VERSION = 'mmpose_al-recording-3d', 1


def write(path: str, poses: Poses3D) -> None:
    """Write the document; what is not known is null."""
    write_json(path, content(poses), indent=None)


def content(poses: Poses3D) -> dict:
    """What the file holds."""
    views, status = poses.views, poses.status()
    error, score, number = poses.error, poses.score, poses.num_views
    frames = []
    for frame in range(len(poses.points)):
        entry = dict(
            frame=frame,
            time=None if views.times is None else round(float(views.times[frame]), 6),
            points=_rows(poses.points[frame], 3),
            error=_numbers(error[frame], 3),
            views=number[frame].tolist(),
            score=_numbers(score[frame], 5),
            status=status[frame].tolist(),
        )
        if poses.acceleration is not None:
            entry['measured'] = _rows(poses.measured[frame], 3)
        frames.append(entry)
    return dict(
        format=FORMAT,
        version=VERSION,
        unit=UNIT,
        world='that of the calibration',
        error_unit='pixels, mean over the views that agree',
        scorer=views.scorer,
        fps=views.fps,
        smoother=None if poses.acceleration is None else dict(acceleration=poses.acceleration),
        joints=views.skeleton.joints,
        links=[list(link) for link in views.skeleton.links],
        cameras=[
            {
                key: value if isinstance(value, str) else np.asarray(value).tolist()
                for key, value in camera.items()
            }
            for camera in views.cameras
        ],
        frames=frames,
    )


def _numbers(values: np.ndarray, digits: int) -> List[Any]:
    return [round(v, digits) if np.isfinite(v) else None for v in values.tolist()]


def _rows(points: np.ndarray, digits: int) -> List[Any]:
    """Points as lists; None for one that is not known."""
    return [
        [round(v, digits) for v in row] if np.isfinite(row).all() else None
        for row in points.tolist()
    ]
