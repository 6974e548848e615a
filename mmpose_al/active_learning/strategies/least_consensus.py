"""Joints on which the views of a rig reach no consensus."""

from typing import Any, Optional

import numpy as np
import torch

from ...fileio import is_int, is_number, short
from ...geometry.consensus import consensus
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import NOT_JUDGED, QueryStrategy

_TIE = 1e-3  # what the distance of outliers adds at most: less than a joint of a frame


@QUERY_STRATEGIES.register_module()
class LeastConsensus(QueryStrategy):
    """Largest share of joints on which too few views agree first.

    What many views agree on the others can teach (multi-view bootstrapping, see
    :mod:`mmpose_al.geometry.consensus`); what they do not, only a label can. Of equal shares
    the one whose views are farther off comes first.

    Args:
        min_inliers (int, optional): Views that have to agree on a joint. By default half of
            those that are there, rounded up, but at least 3, or 2 where there are 2.
        threshold (float, optional): Largest reprojection error of a view that agrees,
            pixels; that of the experiment by default.
        min_seconds (float): See :class:`QueryStrategy`: frames of one second are one.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('cameras', 'scores')

    def __init__(
        self,
        min_inliers: Optional[int] = None,
        threshold: Optional[float] = None,
        min_seconds: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(min_seconds=min_seconds, **kwargs)
        if min_inliers is not None and (not is_int(min_inliers) or min_inliers < 2):
            raise ValueError(
                f'min_inliers is a whole number of views, at least 2, or None; got '
                f'{short(min_inliers)}'
            )
        if threshold is not None and (not is_number(threshold) or threshold <= 0):
            raise ValueError(
                f'threshold is a finite number of pixels above 0, or None; got {short(threshold)}'
            )
        self.min_inliers, self.threshold = min_inliers, threshold

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Share of joints, 0 to 1, and up to 0.001 more; NaN without a view with a camera."""
        groups, views = pool.groups, pool.views
        there = groups.rows >= 0
        threshold = self.threshold or pool.threshold

        def tensor(name: str) -> torch.Tensor:
            values = views[name][groups.rows].astype(np.float64)
            blank = there.reshape(there.shape + (1,) * (values.ndim - 2))
            return torch.from_numpy(np.where(blank, values, np.nan))

        agreed = consensus(
            tensor('keypoints'),
            tensor('K'),
            tensor('R'),
            tensor('t'),
            tensor('dist'),
            torch.nan_to_num(tensor('scores')),
            threshold=threshold,
            min_inliers=2,
        )
        least = needed(there.sum(1)) if self.min_inliers is None else self.min_inliers
        counts = agreed.inliers.numpy().sum(1)
        without = (counts < np.reshape(least, (-1, 1))) | ~agreed.found.numpy()
        off = np.clip(agreed.errors.numpy() / threshold, 0, 1)
        off = np.where(np.isfinite(off), off, 1.0).mean(2)
        off = np.where(there, off, 0.0).sum(1) / np.maximum(there.sum(1), 1)
        return pool.over_views(without.mean(1) + _TIE * off, 'mean', pool.group_unit)

    def shown(self, utility: float) -> str:
        """The share of joints in percent."""
        if utility >= NOT_JUDGED:
            return super().shown(utility)
        return f'{100 * utility:.0f} % of the joints'


def needed(views: np.ndarray) -> np.ndarray:
    """How many of so many views have to agree: half, at least 3, or 2 of 2."""
    return np.where(views <= 2, 2, np.maximum(3, -(-views // 2)))
