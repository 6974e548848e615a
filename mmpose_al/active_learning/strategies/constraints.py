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
        self.taken: dict = {}
        if self.active:
            for index in np.flatnonzero(pool.labeled).tolist():
                self._count(index)

    @property
    def active(self) -> bool:
        return self.min_spacing > 0 or self.max_per_sequence is not None

    def _count(self, index: int) -> None:
        pool = self.pool
        sequence = pool.sequences[index]
        self.taken[sequence] = self.taken.get(sequence, 0) + 1
        same = pool.sequences == sequence
        if self.min_spacing > 0:
            near = np.abs(pool.times - pool.times[index]) < self.min_spacing
            self.free &= ~(same & near)
        if self.max_per_sequence is not None and (self.taken[sequence] >= self.max_per_sequence):
            self.free &= ~same

    def take(self, index: int) -> None:
        """Index was picked."""
        self.free[index] = False
        if self.active:
            self._count(index)
