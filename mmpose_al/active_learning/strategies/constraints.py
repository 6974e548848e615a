"""Rules about sequences: which units may still be picked."""

from typing import Optional

import numpy as np

from ..statistics import PoolStatistics


class Constraints:
    """Which units may still be picked: spacing in time and a cap for each sequence.

    Labelled units count for both.

    Args:
        pool (PoolStatistics): The pool.
        min_spacing (float): Two labelled units of a sequence are at least so far apart
            in the pool's ``times``.
        max_per_sequence (int, optional): Most labelled units of a sequence.
    """

    def __init__(
        self, pool: PoolStatistics, min_spacing: float = 0, max_per_sequence: Optional[int] = None
    ):
        self.pool = pool
        self.min_spacing, self.max_per_sequence = min_spacing, max_per_sequence
        self.free = ~pool.labeled
        if not self.active:
            return
        # Units by sequence, and by time within it.
        self.sequence = np.unique(pool.sequences, return_inverse=True)[1].reshape(-1)
        self.order = np.lexsort((pool.times, self.sequence))
        self.taken = np.bincount(self.sequence[pool.labeled], minlength=self.sequence.max() + 1)
        self.starts = np.searchsorted(self.sequence[self.order], np.arange(len(self.taken) + 1))
        if min_spacing > 0:
            self.free[self.order] &= ~self._near_labeled()
        if max_per_sequence is not None:
            self.free &= (self.taken < max_per_sequence)[self.sequence]

    @property
    def active(self) -> bool:
        return self.min_spacing > 0 or self.max_per_sequence is not None

    def _near_labeled(self) -> np.ndarray:
        """Which units, in their order, are too near to a labelled one: the last or the next."""
        times = np.asarray(self.pool.times, np.float64)[self.order]
        labeled = self.pool.labeled[self.order]
        first = np.zeros(len(times), bool)
        first[self.starts[:-1]] = True
        near = np.zeros(len(times), bool)
        for step in (1, -1):  # from the past, and from the future
            # Where a sequence begins nothing is labelled yet.
            begins = first[::step] if step == 1 else np.r_[True, first[::-1][:-1]]
            places = np.where(labeled[::step], np.arange(len(times)), -1)
            latest = np.maximum.accumulate(places)
            since = np.maximum.accumulate(np.where(begins, np.arange(len(times)), 0))
            gap = np.abs(times[::step] - times[::step][latest])
            near[::step] |= (latest >= since) & (gap < self.min_spacing)
        return near

    def take(self, index: int) -> None:
        """Index was picked."""
        self.free[index] = False
        if not self.active:
            return
        sequence = self.sequence[index]
        same = self.order[self.starts[sequence] : self.starts[sequence + 1]]
        self.taken[sequence] += 1
        if self.min_spacing > 0:
            times = self.pool.times
            self.free[same[np.abs(times[same] - times[index]) < self.min_spacing]] = False
        if self.max_per_sequence is not None and self.taken[sequence] >= self.max_per_sequence:
            self.free[same] = False
