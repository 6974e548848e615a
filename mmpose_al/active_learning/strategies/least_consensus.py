"""Joints on which the views of a rig reach no consensus."""

from typing import Any, Optional, Tuple

import numpy as np

from ...fileio import is_int, is_number, short
from ..pool import Pool, most_views
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
        min_inliers (int, optional): Views that have to agree on a joint; by default as for
            bootstrapping: half of those that show the person, but 3 where there are so many.
        threshold (float, optional): Largest reprojection error of a view that agrees, in
            pixels of the image. By default a 32nd of the longer side of the person's box in
            each view, as for bootstrapping (4 pixels of a box of 128).
        min_seconds (float): See :class:`QueryStrategy`: frames of one second are one.
        kwargs: See :class:`QueryStrategy`.
    """

    needs: Tuple[str, ...] = ('cameras', 'scores', 'box_side')

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
        if threshold is not None:
            self.needs = ('cameras', 'scores')

    def check_pool(self, pool: Pool) -> None:
        """Raise unless some person is in ``min_inliers`` views."""
        most = most_views(pool)
        if self.min_inliers is not None and most < self.min_inliers:
            raise ValueError(
                f'{pool.path}: LeastConsensus(min_inliers={self.min_inliers}), but no person is in '
                f'more than {most} calibrated views of a frame, so none could agree; ask for fewer'
            )

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Share of joints, 0 to 1, and up to 0.001 more; NaN without a view with a camera.

        Raises:
            ValueError: The pool has no cameras.
        """
        # Self-training imports a strategy.
        from ..self_training.bootstrapping import LENGTH, SHARE, agree, default_inliers

        views = pool.views
        if not views.calibrated.any():
            raise ValueError(
                'LeastConsensus triangulates, but no view of the pool has a camera and a frame; '
                'give the annotation file cameras and frames (docs/multiview_format.md) or '
                'choose a strategy for single views'
            )
        scale, threshold = np.ones(len(views)), self.threshold
        if threshold is None:
            scale, threshold = LENGTH / views.box_side.astype(np.float64), LENGTH * SHARE
        found = agree(views, scale, threshold, min_inliers=2, seed=pool.seed)
        there = found.rows >= 0
        least = self.min_inliers
        enough = [default_inliers(max(n, 2)) if least is None else least for n in there.sum(1)]
        without = found.inliers.sum(1) < np.reshape(enough, (-1, 1))
        off = np.clip(np.nan_to_num(found.errors, nan=1.0), 0, 1).mean(2)
        off = np.where(there, off, 0.0).sum(1) / there.sum(1)
        units = np.searchsorted(pool.units, views.unit[found.rows[:, 0]])
        return pool.over_views(without.mean(1) + _TIE * off, 'mean', units)

    def shown(self, utility: float) -> str:
        """The share of joints in percent."""
        if utility >= NOT_JUDGED:
            return super().shown(utility)
        return f'{100 * utility:.0f} % of the joints'
