"""The views of each person of each frame, and their triangulation.

Notation: views N (one person in one image), keypoints K, groups G (one person in one
frame) of V views.
"""

from typing import NamedTuple, Optional, Tuple

import numpy as np

from .table import ViewStatistics

_AT_ONCE = 2**13  # groups that are triangulated together: the memory is theirs


class Groups(NamedTuple):
    """Triangulated persons: one row for each (frame, person) with cameras.

    Attributes:
        unit (ndarray): int64 (G, ).
        rows (ndarray): Index into the views, int64 (G, V); -1 where a view is missing.
        points (ndarray): World, float64 (G, K, 3); NaN where it failed.
        inliers (ndarray): bool (G, V, K).
        errors (ndarray): Pixels, float32 (G, V, K); NaN where missing or failed.
        ok (ndarray): Keypoints that were triangulated, bool (G, K).
        grade (ndarray): :class:`~mmpose_al.geometry.evidence.Grade` of each, int8 (G, K): two
            views that agree are told from three.
    """

    unit: np.ndarray
    rows: np.ndarray
    points: np.ndarray
    inliers: np.ndarray
    errors: np.ndarray
    ok: np.ndarray
    grade: np.ndarray


def group_views(
    views: ViewStatistics, chosen: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, np.ndarray]:
    """Rows of the views of each (frame, person).

    Args:
        views (ViewStatistics): Of the pool.
        chosen (ndarray, optional): Which of them, bool (N, ); by default those with a
            camera.

    Returns:
        tuple: Keys (frame id, person id), int64 (G, 2), ascending, and rows, int64
        (G, V) with -1 where a group has fewer views than the largest one.
    """
    rows = np.flatnonzero(views.calibrated if chosen is None else chosen)
    keys = np.stack([views.frame_id[rows], views.person_id[rows]], 1)
    order = np.lexsort((views.camera_id[rows], keys[:, 1], keys[:, 0]))
    rows, keys = rows[order], keys[order]
    if not len(rows):
        return np.zeros((0, 2), np.int64), np.zeros((0, 0), np.int64)
    start = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(1)])
    counts = np.diff(np.r_[start, len(rows)])
    table = np.full((len(start), counts.max()), -1, np.int64)
    group = np.repeat(np.arange(len(start)), counts)
    place = np.arange(len(rows)) - np.repeat(start, counts)
    table[group, place] = rows
    return keys[start], table


def triangulate_views(
    views: ViewStatistics,
    threshold: float = 20.0,
    seed: int = 0,
    device: str = 'cpu',
    min_inliers: int = 2,
    weights: Optional[str] = None,
) -> Groups:
    """Robust triangulation of every person of the pool (Feng23, Sec. 3).

    Args:
        views (ViewStatistics): Of the pool.
        threshold (float): Largest reprojection error of an inlier, pixels.
        seed (int): For pairs of views, where there are too many for all.
        device (str): Where to compute.
        min_inliers (int): Views that have to agree.
        weights (str, optional): What views weigh in the fit, see
            :func:`~mmpose_al.geometry.evidence.view_weights`; None: all alike, as in Feng23.

    Returns:
        Groups: Rows in ascending order of (frame, person).
    """
    _, rows = group_views(views)
    num, width = rows.shape
    joints = views.keypoints.shape[1]
    groups = Groups(
        views.unit[rows[:, 0]] if num else np.zeros(0, np.int64),
        rows,
        np.empty((num, joints, 3)),
        np.empty((num, width, joints), bool),
        np.empty((num, width, joints), np.float32),
        np.empty((num, joints), bool),
        np.empty((num, joints), np.int8),
    )
    options = dict(threshold=threshold, min_inliers=min_inliers, seed=seed)
    for start in range(0, num, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        found = _triangulated(views, rows[part], weights, device, options)
        for whole, values in zip(groups[2:], found):
            whole[part] = values
    return groups


def _triangulated(
    views: ViewStatistics, rows: np.ndarray, weights: Optional[str], device: str, options: dict
) -> Tuple[np.ndarray, ...]:
    """Points, inliers, errors, ok and grade of some groups, see :class:`Groups`."""
    import torch

    from ...geometry.cameras import trim_distortion
    from ...geometry.evidence import grades, view_weights
    from ...geometry.triangulation import Status, triangulate_robust

    num, width = rows.shape
    joints = views.keypoints.shape[1]
    there = rows >= 0
    pixels = np.where(there[..., None, None], views.keypoints[rows], np.nan)

    def camera(name: str) -> np.ndarray:
        values = views[name][rows]
        filler = values[there][0]
        values = np.where(there.reshape(there.shape + (1,) * filler.ndim), values, filler)
        return values[0] if (values == values[:1]).all() else values

    def tensor(array: np.ndarray) -> 'torch.Tensor':
        return torch.from_numpy(np.ascontiguousarray(array, np.float64)).to(device)

    K, R, t, dist = (tensor(camera(name)) for name in ('K', 'R', 't', 'dist'))
    observed = tensor(pixels).permute(0, 2, 1, 3).reshape(num * joints, width, 2)
    confidence = tensor(np.where(there[..., None], views.scores[rows], 0.0))
    weight = view_weights(confidence.permute(0, 2, 1).reshape(num * joints, width), weights)
    result = triangulate_robust(observed, K, R, t, trim_distortion(dist), weight, **options)

    def shaped(value: 'torch.Tensor', *tail: int) -> np.ndarray:
        return value.cpu().numpy().reshape(num, joints, *tail)

    return (
        shaped(result.points, 3),
        shaped(result.inliers, width).transpose(0, 2, 1),
        shaped(result.errors, width).transpose(0, 2, 1),
        shaped(result.status) == int(Status.OK),
        shaped(grades(result.status, result.inliers)),
    )
