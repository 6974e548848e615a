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
        min_seconds (float): As ``min_spacing``, in the pool's ``seconds``. A unit whose time
            is not known is near to none.
    """

    def __init__(
        self,
        pool: PoolStatistics,
        min_spacing: float = 0,
        max_per_sequence: Optional[int] = None,
        min_seconds: float = 0,
    ):
        self.pool = pool
        self.min_spacing, self.max_per_sequence = min_spacing, max_per_sequence
        self.min_seconds = min_seconds
        self.free = ~pool.labeled
        self.taken: dict = {}
        if self.active:
            for index in np.flatnonzero(pool.labeled).tolist():
                self._count(index)

    @property
    def active(self) -> bool:
        spaced = self.min_spacing > 0 or self.min_seconds > 0
        return spaced or self.max_per_sequence is not None

    def _count(self, index: int) -> None:
        pool = self.pool
        sequence = pool.sequences[index]
        self.taken[sequence] = self.taken.get(sequence, 0) + 1
        same = pool.sequences == sequence
        if self.min_spacing > 0:
            near = np.abs(pool.times - pool.times[index]) < self.min_spacing
            self.free &= ~(same & near)
        if self.min_seconds > 0:
            near = np.abs(pool.seconds - pool.seconds[index]) < self.min_seconds  # NaN: no
            self.free &= ~(same & near)
        if self.max_per_sequence is not None and (self.taken[sequence] >= self.max_per_sequence):
            self.free &= ~same

    def take(self, index: int) -> None:
        """Index was picked."""
        self.free[index] = False
        if self.active:
            self._count(index)
