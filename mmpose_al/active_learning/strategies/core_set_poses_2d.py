"""CoreSet over the 2D poses of single views."""

from typing import Any, Optional, Sequence, Union

import numpy as np

from ...fileio import is_number, short
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .core_set import AboutRoot, root_aligned


@QUERY_STRATEGIES.register_module()
class CoreSetPoses2D(AboutRoot):
    """k-centre over 2D poses, for single views.

    Keypoints relative to the mean of the root joints, over the length of the diagonal
    of their extent, so that size and place in the image play no part. Of several views
    or persons of a unit the first counts.

    Args:
        root (int | Sequence[int], optional): As in :class:`CoreSetPoses`.
        min_score (float): Keypoints below it are not known.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('keypoints', 'scores')

    def __init__(
        self,
        root: Optional[Union[int, Sequence[int]]] = None,
        min_score: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(root, **kwargs)
        if not is_number(min_score):
            raise ValueError(f'min_score is a finite number; got {short(min_score)}')
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
