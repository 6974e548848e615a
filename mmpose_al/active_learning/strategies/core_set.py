"""Greedy k-centre over poses or features (CoreSet; Sener18; Feng23, Eq. 6, 7)."""

from typing import Sequence, Tuple, Union

import numpy as np

from ..k_center import Cover, Farthest
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import Constraints, QueryStrategy, Selection


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
        failed = np.isnan(points).any(-1).all(1)
        ids, worth = [], []

        def take(index: int, utility: float) -> None:
            ids.append(int(pool.units[index]))
            worth.append(utility)
            constraints.take(index)

        for index in np.flatnonzero(failed):
            if len(ids) >= budget:
                return Selection(ids, worth)
            if constraints.free[index]:
                take(index, float('inf'))
        cover = Cover(points)
        start = np.flatnonzero(pool.labeled & ~failed)
        free = constraints.free & ~failed
        if not len(start) and len(ids) < budget and free.any():
            start = np.array([_most_central(points, free)])
            take(int(start[0]), float('inf'))
        cover.add_many(start.tolist())
        farthest = Farthest(cover, free)
        while len(ids) < budget:
            found = farthest.find(constraints.free)
            if found is None:
                break
            take(*found)
            farthest.add(found[0])
        return Selection(ids, worth)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Distance to the nearest labelled unit; NaN where a unit failed."""
        points = self.describe(pool)
        failed = np.isnan(points).any(-1).all(1)
        cover = Cover(points)
        cover.add_many(np.flatnonzero(pool.labeled & ~failed).tolist())
        return np.where(failed, np.nan, cover.nearest.numpy().astype(np.float64))


def _most_central(points: np.ndarray, free: np.ndarray) -> int:
    with np.errstate(invalid='ignore'):
        mean = np.nanmean(points[free], 0)
        gap = np.nansum((points - mean) ** 2, (1, 2))
    return int(np.argmin(np.where(free, gap, np.inf)))


def root_aligned(points: np.ndarray, root: Tuple[int, ...]) -> np.ndarray:
    """Poses (U, K, 3) about the mean of their root joints (Feng23, Eq. 6).

    All NaN where a root joint is not known.
    """
    return points - points[:, list(root)].mean(1, keepdims=True)


class _AboutRoot(KCenter):
    """Poses relative to a root joint, or to the mean of several."""

    def __init__(self, root: Union[int, Sequence[int]], **kwargs):
        super().__init__(**kwargs)
        self.root = (root,) if isinstance(root, int) else tuple(root)

    def check_joints(self, num: int) -> None:
        """See :class:`QueryStrategy`."""
        if not all(0 <= joint < num for joint in self.root):
            raise ValueError(
                f'{type(self).__name__}: root {self.root} names a joint '
                f'beyond the {num} that the network predicts'
            )


@QUERY_STRATEGIES.register_module()
class CoreSetPoses(_AboutRoot):
    """k-centre over triangulated, root-aligned poses (Feng23, Eq. 6, 7).

    The distance is the mean over keypoints of the Euclidean distance. Of several
    persons in a frame the first counts.

    Args:
        root (int | Sequence[int]): The root joint, or joints whose mean it is, e.g. the
            hips (11, 12) of COCO.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('cameras',)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 3), NaN where there is none."""
        groups = pool.groups
        joints = groups.points.shape[1]
        self.check_joints(joints)
        poses = np.full((len(pool.units), joints, 3), np.nan)
        first = np.unique(pool.group_unit, return_index=True)[1]
        poses[pool.group_unit[first]] = root_aligned(groups.points[first], self.root)
        return poses


@QUERY_STRATEGIES.register_module()
class CoreSetPoses2D(_AboutRoot):
    """k-centre over 2D poses, for single views.

    Keypoints relative to the mean of the root joints, over the length of the diagonal
    of their extent, so that size and place in the image play no part. Of several views
    or persons of a unit the first counts.

    Args:
        root (int | Sequence[int]): As in :class:`CoreSetPoses`.
        min_score (float): Keypoints below it are not known.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(self, root: Union[int, Sequence[int]], min_score: float = 0.0, **kwargs):
        super().__init__(root, **kwargs)
        self.min_score = min_score

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 2), NaN where there is none."""
        first = np.unique(pool.view_unit, return_index=True)[1]
        points = pool.views.keypoints[first].astype(np.float64)
        self.check_joints(points.shape[1])
        points[pool.views.scores[first] < self.min_score] = np.nan
        points = root_aligned(points, self.root)
        with np.errstate(invalid='ignore'):
            extent = np.nanmax(points, 1, initial=-np.inf, where=~np.isnan(points)) - (
                np.nanmin(points, 1, initial=np.inf, where=~np.isnan(points))
            )
        size = np.linalg.norm(extent, axis=1)[:, None, None]
        poses = np.full((len(pool.units),) + points.shape[1:], np.nan)
        poses[pool.view_unit[first]] = points / np.where(size > 0, size, np.nan)
        return poses


@QUERY_STRATEGIES.register_module()
class CoreSetFeatures(KCenter):
    """k-centre over pooled backbone features (Sener18), averaged over the views."""

    needs = ('features',)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Features (U, 1, F)."""
        features = pool.views.features.astype(np.float64)
        if not features.shape[1]:
            raise ValueError(
                'CoreSetFeatures needs features, but the scores hold none; score the '
                'pool again with this strategy in the config'
            )
        total = np.zeros((len(pool.units), features.shape[1]))
        np.add.at(total, pool.view_unit, features)
        count = np.bincount(pool.view_unit, minlength=len(pool.units))[:, None]
        with np.errstate(invalid='ignore'):
            return np.where(count > 0, total / np.maximum(count, 1), np.nan)[:, None]
