"""Clicks that do not agree with those of the other views of a calibrated rig."""

from typing import Dict, List, Optional

import numpy as np
import torch

from ...geometry.cameras import pad_distortion
from ..pool import Pool
from ..statistics import ViewStatistics, sort_views, triangulate_views


def consistency_warnings(
    pool: Pool, keypoints: Dict[int, np.ndarray], threshold: float
) -> List[str]:
    """Clicks that do not agree with those of the other views.

    Args:
        pool (Pool): The pool, with or without cameras.
        keypoints (dict): Annotation id -> (K, 3), pixels and v.
        threshold (float): Of the robust triangulation, pixels.

    Returns:
        list[str]: One a joint and view, the largest error first, then joints whose
        views do not agree at all.
    """
    views = answered_views(pool, keypoints)
    if views is None:
        return []
    groups = triangulate_views(views, threshold)
    there = groups.rows >= 0
    clicked = np.isfinite(views.keypoints[groups.rows]).all(-1) & there[..., None]
    names = next(c['keypoints'] for c in pool.data['categories'] if c.get('keypoints'))
    cameras = {c['id']: c.get('name', c['id']) for c in pool.data['cameras']}

    def place(group: int, view: int) -> tuple:
        row = groups.rows[group, view]
        return (
            f'{cameras[int(views.camera_id[row])]} (annotation {views.id[row]})',
            f'frame {views.frame_id[row]}, person {views.person_id[row]}',
        )

    found = []
    for g, v, k in np.argwhere(clicked & ~groups.inliers & groups.ok[:, None]):
        view, person = place(g, v)
        error = float(groups.errors[g, v, k])
        found.append(
            (
                -error,
                f'{person}: {names[k]} in {view} is {error:.0f} px from '
                'where the other views put it',
            )
        )
    for g, k in np.argwhere(~groups.ok & (clicked.sum(1) > 1)):
        several = [place(g, v) for v in np.flatnonzero(clicked[g, :, k]).tolist()]
        found.append(
            (
                1,
                f'{several[0][1]}: the clicks of {names[k]} do not meet: '
                + ', '.join(view for view, _ in several),
            )
        )
    return [text for _, text in sorted(found)]


def answered_views(pool: Pool, keypoints: Dict[int, np.ndarray]) -> Optional[ViewStatistics]:
    """Answers in views with cameras, as if a model had given them."""
    cameras = {c['id']: c for c in pool.data['cameras']}
    images = {i['id']: i for i in pool.data['images']}
    rows = []
    for annotation in pool.data['annotations']:
        image = images[annotation['image_id']]
        if (
            annotation['id'] in keypoints
            and image.get('camera_id') in cameras
            and image.get('frame_id') is not None
        ):
            points = keypoints[annotation['id']]
            camera = cameras[image['camera_id']]
            rows.append(
                dict(
                    id=annotation['id'],
                    image_id=image['id'],
                    unit=image['frame_id'],
                    frame_id=image['frame_id'],
                    camera_id=image['camera_id'],
                    person_id=annotation.get('person_id') or 0,
                    keypoints=np.where(points[:, 2:] > 0, points[:, :2], np.nan),
                    scores=np.ones(len(points)),
                    diagonal=np.hypot(image['width'], image['height']),
                    K=camera['K'],
                    R=camera['R'],
                    t=camera['t'],
                    dist=pad_distortion(torch.as_tensor(camera['dist'])).numpy(),
                )
            )
    if not rows:
        return None
    return sort_views(
        ViewStatistics(
            **{name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
        )
    )
