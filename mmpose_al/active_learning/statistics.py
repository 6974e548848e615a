"""What one pass over the pool leaves: a few numbers for each view, never heatmaps.

Notation: views N (one person in one image), keypoints K, units U (what is labelled at
once: frames of a rig, images or instances), groups G (one person in one frame) of V
views.
"""

import os
import zipfile
import zlib
from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np
import torch

from ..geometry.triangulation import Status, triangulate_robust

VERSION = 2


class ViewStatistics(NamedTuple):
    """One row a view, sorted by annotation id.

    Attributes:
        id, image_id, unit, frame_id, camera_id, person_id (ndarray): int64 (N, );
            ``unit`` is the id of the unit, -1 stands for no frame or camera.
        keypoints (ndarray): Predictions in image pixels, float32 (N, K, 2).
        scores (ndarray): Their confidence, float32 (N, K).
        margin (ndarray): Mean BSB margin over keypoints, float32 (N, ).
        entropy (ndarray): Mean MPE over keypoints, float32 (N, ).
        disagreement (ndarray): Mean distance of two networks' keypoints in image
            pixels, float32 (N, ); NaN with one network.
        features (ndarray): Pooled backbone features, float32 (N, F); F may be 0.
        keypoints_3d (ndarray): Single-view 3D poses in camera coordinates, float32
            (N, K, 3), NaN where undefined; (N, 0, 3) of a model without depth.
        diagonal (ndarray): Of the image, pixels, float32 (N, ).
        K, R, t, dist (ndarray): Cameras, float64 (N, 3, 3), (N, 3, 3), (N, 3),
            (N, 14); NaN where there is none.
    """

    id: np.ndarray
    image_id: np.ndarray
    unit: np.ndarray
    frame_id: np.ndarray
    camera_id: np.ndarray
    person_id: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    margin: np.ndarray
    entropy: np.ndarray
    disagreement: np.ndarray
    features: np.ndarray
    keypoints_3d: np.ndarray
    diagonal: np.ndarray
    K: np.ndarray
    R: np.ndarray
    t: np.ndarray
    dist: np.ndarray

    @property
    def calibrated(self) -> np.ndarray:
        """Views with a camera, bool (N, )."""
        return np.isfinite(self.K).all((1, 2)) & (self.frame_id >= 0)


class Groups(NamedTuple):
    """Triangulated persons: one row for each (frame, person) with cameras.

    Attributes:
        unit (ndarray): int64 (G, ).
        rows (ndarray): Index into the views, int64 (G, V); -1 where a view is missing.
        points (ndarray): World, float64 (G, K, 3); NaN where it failed.
        inliers (ndarray): bool (G, V, K).
        errors (ndarray): Pixels, float32 (G, V, K); NaN where missing or failed.
        ok (ndarray): Keypoints that were triangulated, bool (G, K).
    """

    unit: np.ndarray
    rows: np.ndarray
    points: np.ndarray
    inliers: np.ndarray
    errors: np.ndarray
    ok: np.ndarray


def save_arrays(path: str, **arrays: np.ndarray) -> None:
    """Write an npz file atomically."""
    temporary = f'{path}.{os.getpid()}.tmp'
    with open(temporary, 'wb') as file:
        np.savez_compressed(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def save_views(views: ViewStatistics, path: str) -> None:
    """Write views for :func:`load_views`."""
    save_arrays(path, version=np.array(VERSION), **views._asdict())


def load_views(path: str) -> ViewStatistics:
    """Read what :func:`save_views` wrote.

    Raises:
        ValueError: It is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file['version']) != VERSION:
                raise ValueError(f'version {int(file["version"])}, not {VERSION}')
            return ViewStatistics(*(file[name] for name in ViewStatistics._fields))
    except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f'{path} is no score file of mmpose_al: {error}') from error


def sort_views(views: ViewStatistics) -> ViewStatistics:
    """By annotation id, each once (samplers of several ranks repeat some)."""
    _, first = np.unique(views.id, return_index=True)
    return ViewStatistics(*(column[first] for column in views))


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
    unique, start, counts = np.unique(keys, axis=0, return_index=True, return_counts=True)
    table = np.full((len(unique), counts.max()), -1, np.int64)
    group = np.repeat(np.arange(len(unique)), counts)
    place = np.arange(len(rows)) - np.repeat(start, counts)
    table[group, place] = rows
    return unique, table


def triangulate_views(
    views: ViewStatistics, threshold: float = 20.0, seed: int = 0, device: str = 'cpu'
) -> Groups:
    """Robust triangulation of every person of the pool (Feng23, Sec. 3).

    Args:
        views (ViewStatistics): Of the pool.
        threshold (float): Largest reprojection error of an inlier, pixels.
        seed (int): For pairs of views, where there are too many for all.
        device (str): Where to compute.

    Returns:
        Groups: Rows in ascending order of (frame, person).
    """
    keys, rows = group_views(views)
    num, width = rows.shape
    joints = views.keypoints.shape[1]
    if not num:
        empty = np.zeros
        return Groups(
            empty(0, np.int64),
            rows,
            empty((0, joints, 3)),
            empty((0, 0, joints), bool),
            empty((0, 0, joints), np.float32),
            empty((0, joints), bool),
        )
    there = rows >= 0
    pixels = np.where(there[..., None, None], views.keypoints[rows], np.nan)

    def camera(name: str) -> np.ndarray:
        values = getattr(views, name)[rows]
        filler = values[there][0]
        values = np.where(there.reshape(there.shape + (1,) * filler.ndim), values, filler)
        return values[0] if (values == values[:1]).all() else values

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, np.float64)).to(device)

    cameras = {name: tensor(camera(name)) for name in ('K', 'R', 't', 'dist')}
    for name, value in cameras.items():
        own = value.dim() == {'K': 4, 'R': 4, 't': 3, 'dist': 3}[name]
        if any(v.dim() == {'K': 4, 'R': 4, 't': 3, 'dist': 3}[n] for n, v in cameras.items()):
            if not own:
                value = value.expand((num,) + value.shape)
            cameras[name] = value.repeat_interleave(joints, 0)
    observed = tensor(pixels).permute(0, 2, 1, 3).reshape(num * joints, width, 2)
    result = triangulate_robust(observed, threshold=threshold, seed=seed, **cameras)

    def shaped(value: torch.Tensor, *tail: int) -> np.ndarray:
        return value.cpu().numpy().reshape(num, joints, *tail)

    units = views.unit[rows[:, 0]]
    return Groups(
        unit=units,
        rows=rows,
        points=shaped(result.points, 3),
        inliers=shaped(result.inliers, width).transpose(0, 2, 1),
        errors=shaped(result.errors, width).transpose(0, 2, 1).astype(np.float32),
        ok=shaped(result.status) == int(Status.OK),
    )


class PoolStatistics:
    """The pool as strategies see it.

    Args:
        views (ViewStatistics): Of all units, labelled ones too.
        units (ndarray): Ids of the units, int64 (U, ), any order.
        labeled (ndarray): Which of them are labelled, bool (U, ).
        sequences (ndarray, optional): Number of the recording of each unit, (U, ).
        times (ndarray, optional): Place in the recording, e.g. the frame index, (U, ).
        seed (int): Of the experiment.
        round (int): Number of the round.
        threshold (float): Of the triangulation, pixels.

    Attributes:
        units (ndarray): Ascending; ``labeled``, ``sequences``, ``times`` follow.
        view_unit (ndarray): Index of each view's unit, (N, ).
    """

    def __init__(
        self,
        views: ViewStatistics,
        units: np.ndarray,
        labeled: np.ndarray,
        sequences: Optional[np.ndarray] = None,
        times: Optional[np.ndarray] = None,
        seed: int = 0,
        round: int = 0,
        threshold: float = 20.0,
    ):
        order = np.argsort(units)
        self.units = np.asarray(units, np.int64)[order]
        self.labeled = np.asarray(labeled, bool)[order]
        self.sequences = (
            np.zeros(len(order), np.int64) if sequences is None else np.asarray(sequences)[order]
        )
        self.times = (
            np.arange(len(order), dtype=np.float64)
            if times is None
            else np.asarray(times, np.float64)[order]
        )
        self.views = sort_views(views)
        self.view_unit = np.searchsorted(self.units, self.views.unit)
        if len(self.views.unit) and (
            (self.view_unit == len(self.units)).any()
            or (self.units[self.view_unit] != self.views.unit).any()
        ):
            raise ValueError('there are views of units that the pool does not list')
        self.seed, self.round, self.threshold = seed, round, threshold
        self._groups: Optional[Groups] = None

    @property
    def groups(self) -> Groups:
        """Triangulated persons; computed once.

        Raises:
            ValueError: The pool has no cameras.
        """
        if self._groups is None:
            if not self.views.calibrated.any():
                raise ValueError(
                    'this strategy triangulates, but no view of the pool has a camera '
                    'and a frame; give the annotation file cameras and frames '
                    '(docs/multiview_format.md) or choose a strategy for single views'
                )
            self._groups = triangulate_views(self.views, self.threshold, self.seed)
        return self._groups

    @property
    def group_unit(self) -> np.ndarray:
        """Index of each group's unit, (G, )."""
        return np.searchsorted(self.units, self.groups.unit)

    def over_views(
        self, values: np.ndarray, how: str = 'mean', members: Optional[np.ndarray] = None
    ) -> np.ndarray:
        """Aggregate one value a view (or group) into one a unit.

        Args:
            values (ndarray): Shape (N, ).
            how (str): ``'mean'``, ``'max'`` or ``'var'``.
            members (ndarray, optional): Index of the unit of each value; the views'
                units by default.

        Returns:
            ndarray: float64 (U, ); NaN for a unit without any finite value.
        """
        members = self.view_unit if members is None else members
        return aggregate(np.asarray(values, np.float64), members, len(self.units), how)


def aggregate(values: np.ndarray, members: np.ndarray, num: int, how: str = 'mean') -> np.ndarray:
    """Mean, maximum or variance of the finite values of each member, NaN if none."""
    if how not in ('mean', 'max', 'var'):
        raise ValueError(f"views aggregate by 'mean', 'max' or 'var'; got {how!r}")
    finite = np.isfinite(values)
    values, members = values[finite], members[finite]
    counts = np.bincount(members, minlength=num)
    with np.errstate(invalid='ignore', divide='ignore'):
        if how == 'max':
            result = np.full(num, -np.inf)
            np.maximum.at(result, members, values)
            return np.where(counts > 0, result, np.nan)
        mean = np.bincount(members, values, num) / counts
        if how == 'mean':
            return mean
        squared = np.bincount(members, (values - mean[members]) ** 2, num)
        return squared / counts


def concatenate(parts: Dict[str, list]) -> ViewStatistics:
    """Views out of lists of arrays, one entry a batch."""
    return ViewStatistics(*(np.concatenate(parts[name]) for name in ViewStatistics._fields))
