"""Joints that jump: frames of a video that do not fit their neighbours in time."""

from typing import Any, Optional, Sequence

import numpy as np

from ...fileio import is_number, short
from ..pool import Pool
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import NOT_JUDGED
from .view_score import ViewScore

ALONE = (
    'TemporalJump compares a frame with those before and after it, but no view of the pool has '
    'both; give the frames of the annotation file their sequence and index, TemporalJump a larger '
    'max_gap, or choose another strategy'
)


@QUERY_STRATEGIES.register_module()
class TemporalJump(ViewScore):
    """Largest distance of the joints to what the frames before and after say first.

    The neighbours of a view are those of its camera and person that are next in its recording.
    A joint is held to the point between them (the mean where the frames are equally far apart),
    in sides of the person's box; see :func:`temporal_jumps`. Of a view the mean over the joints
    counts. At the end of a recording, and beside a gap, there is no judgement, and the utility
    is 0: jumps ask for frames that do not fit, not for frames that stand alone.

    Args:
        max_gap (float, optional): Neighbours farther away do not count, in the unit of the
            pool's ``times``, which is the number of the frame. Any by default.
        aggregate (str): Over the views of a unit, see :class:`ViewScore`.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('frames', 'keypoints', 'box_side')

    def __init__(self, max_gap: Optional[float] = None, aggregate: str = 'mean', **kwargs: Any):
        super().__init__(aggregate, **kwargs)
        if max_gap is not None and (not is_number(max_gap) or max_gap <= 0):
            raise ValueError(f'max_gap is a finite number above 0, or None; got {short(max_gap)}')
        self.max_gap = max_gap

    def check_pool(self, pool: Pool) -> None:
        """Raise unless some frame has others before and after it."""
        for recording in np.unique(pool.sequences):
            gaps = np.diff(np.unique(pool.times[pool.sequences == recording]))
            near = gaps <= (np.inf if self.max_gap is None else self.max_gap)
            if (near[:-1] & near[1:]).any():
                return
        raise ValueError(f'{pool.path}: {ALONE}')

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """Mean over the joints, in sides of the box; 0 where there is no judgement.

        Raises:
            ValueError: No view has neighbours.
        """
        views = pool.views
        jumps = temporal_jumps(
            views.keypoints,
            pool.times[pool.view_unit],
            (pool.sequences[pool.view_unit], pool.camera, views.person_id),
            np.inf if self.max_gap is None else self.max_gap,
        )
        known = np.isfinite(jumps).all(1)
        if not known.any():
            raise ValueError(ALONE)
        side = views.box_side.astype(np.float64)
        score = np.where(known, jumps.mean(1) / np.where(side > 0, side, np.nan), 0.0)
        return np.nan_to_num(score)

    def shown(self, utility: float) -> str:
        """In percent of the box's longer side."""
        if self.aggregate == 'var' or utility >= NOT_JUDGED:
            return super().shown(utility)
        return f'{100 * utility:.3g} % of the box'


def temporal_jumps(
    keypoints: np.ndarray, times: np.ndarray, keys: Sequence[np.ndarray], max_gap: float = np.inf
) -> np.ndarray:
    """How far each joint is from the line between the views before and after it.

    Args:
        keypoints (ndarray): Of N views, (N, K, 2).
        times (ndarray): When, (N, ).
        keys (Sequence[ndarray]): What neighbours have in common, each (N, ).
        max_gap (float): Largest distance in time of a neighbour.

    Returns:
        ndarray: Pixels, float64 (N, K); NaN for a view without both neighbours.
    """
    keypoints, times = np.asarray(keypoints, np.float64), np.asarray(times, np.float64)
    order = np.lexsort((times, *keys))
    before, view, after = order[:-2], order[1:-1], order[2:]
    both = np.ones(len(view), bool)
    for key in keys:
        both &= (key[before] == key[view]) & (key[after] == key[view])
    past, future = times[view] - times[before], times[after] - times[view]
    both &= (past > 0) & (future > 0) & (past <= max_gap) & (future <= max_gap)
    before, view, after = before[both], view[both], after[both]
    share = (past[both] / (past + future)[both])[:, None, None]
    between = keypoints[before] + share * (keypoints[after] - keypoints[before])
    result = np.full(keypoints.shape[:2], np.nan)
    result[view] = np.linalg.norm(keypoints[view] - between, axis=-1)
    return result
