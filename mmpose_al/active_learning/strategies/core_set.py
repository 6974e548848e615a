"""What the CoreSet strategies share: greedy k-centre, and poses about a root."""

from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from ...fileio import give_back
from ..k_center import cover_of, one_thread, start_from
from ..statistics import PoolStatistics
from .base import QueryStrategy, Selection
from .constraints import Constraints

_AT_ONCE = 2**12  # units


class KCenter(QueryStrategy):
    """Again and again the unit farthest from all labelled and picked ones.

    Units that could not be described (failed) come first, by id. With nothing labelled
    that can be described, the first pick is the unit nearest to the mean.
    """

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Parts of each unit, (U, P, D); NaN for what is not known."""
        raise NotImplementedError

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """Greedy k-centre; utilities are the distances at the time of the pick."""
        points = self.describe(pool)
        failed = _failed(points)
        ids, worth = [], []

        def take(index: int, utility: float) -> None:
            ids.append(int(pool.units[index]))
            worth.append(utility)
            constraints.take(index)

        for index in np.flatnonzero(failed).tolist():
            if len(ids) >= budget:
                return Selection(ids, worth)
            if constraints.free[index]:
                take(index, float('inf'))
        start = np.flatnonzero(pool.labeled & ~failed)
        free = constraints.free & ~failed
        if not len(start) and len(ids) < budget and free.any():
            start = np.array([_most_central(points, free)])
            take(int(start[0]), float('inf'))
        with one_thread():
            farthest = start_from(cover_of(points), free, start.tolist())
            told = False
            while len(ids) < budget:
                found = farthest.find(constraints.free)
                if found is None:
                    break
                left = int(constraints.free.sum())
                if found[1] == 0 and left > budget - len(ids) and not told:
                    told, what = True, 'are like one that is taken (distance 0)'
                    self._say_ids_choose(left, budget - len(ids), what)
                take(*found)
                farthest.add(found[0])
        return Selection(ids, worth)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Distance to the nearest labelled unit; NaN where a unit failed."""
        points = self.describe(pool)
        failed = _failed(points)
        with one_thread():
            cover = cover_of(points)
            cover.add_many(np.flatnonzero(pool.labeled & ~failed).tolist())
        return np.where(failed, np.nan, cover.nearest.numpy().astype(np.float64))


def _failed(points: np.ndarray) -> np.ndarray:
    """Units (U, P, D) of which no part is known, bool (U, ); in pieces, for the memory."""
    result = np.empty(len(points), bool)
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        result[part] = np.isnan(points[part]).any(-1).all(1)
    return result


def _most_central(points: np.ndarray, free: np.ndarray) -> int:
    gap = np.full(len(points), np.inf)
    with np.errstate(invalid='ignore'):
        mean = np.nanmean(points[free], 0, dtype=np.float64)
        for start in range(0, len(points), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            gap[part] = np.nansum((points[part] - mean) ** 2, (1, 2))
    return int(np.argmin(np.where(free, gap, np.inf)))


def mean_over_views(pool: PoolStatistics, features: np.ndarray) -> np.ndarray:
    """Features of views, (N, F), as those of units, float32 (U, 1, F).

    NaN of a unit without a view. Never all of them are in memory as float64.
    """
    order = np.argsort(pool.view_unit, kind='stable')
    count = np.bincount(pool.view_unit, minlength=len(pool.units))
    first = np.cumsum(count) - count
    result = np.full((len(pool.units), features.shape[1]), np.nan, np.float32)
    for start in range(0, len(count), _AT_ONCE):
        units = start + np.flatnonzero(count[start : start + _AT_ONCE])
        total = features[order[first[units]]].astype(np.float64)
        for number in range(1, count[units].max(initial=0)):  # the second view, the third
            more = np.flatnonzero(count[units] > number)
            total[more] += features[order[first[units[more]] + number]]
        result[units] = total / count[units, None]
        give_back(features)
    return result[:, None]


def root_aligned(points: np.ndarray, root: Optional[Tuple[int, ...]]) -> np.ndarray:
    """Poses (U, K, D) about the mean of their root joints (Feng23, Eq. 6).

    All NaN where a root joint is not known. Without root joints about the mean of those
    that are known.
    """
    if root is None:
        known = np.isfinite(points).all(-1, keepdims=True)
        total = np.where(known, points, 0.0).sum(1, keepdims=True)
        count = known.sum(1, keepdims=True)
        return points - total / np.where(count > 0, count, np.nan)
    return points - points[:, list(root)].mean(1, keepdims=True)


class AboutRoot(KCenter):
    """Poses relative to a root joint, or to the mean of several; of all by default."""

    def __init__(self, root: Optional[Union[int, Sequence[int]]] = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.root: Optional[Tuple[int, ...]] = None
        if root is not None:
            self.root = (root,) if isinstance(root, int) else tuple(root)

    def check_joints(self, num: int) -> None:
        """See :class:`QueryStrategy`."""
        if not all(0 <= joint < num for joint in self.root or ()):
            raise ValueError(
                f'{type(self).__name__}: root {self.root} names a joint '
                f'beyond the {num} that the network predicts'
            )
