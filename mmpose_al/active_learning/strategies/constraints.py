"""Rules about sequences: which units may still be picked."""

import copy
from typing import NamedTuple, Optional

import numpy as np

from ..statistics import PoolStatistics


class Rules(NamedTuple):
    """What may be picked of a sequence, see :class:`Constraints`."""

    min_spacing: float = 0
    max_per_sequence: Optional[int] = None
    min_seconds: float = 0

    def with_those_of(self, other: 'Rules') -> 'Rules':
        """The stricter of each."""
        most = [n for n in (self.max_per_sequence, other.max_per_sequence) if n is not None]
        return Rules(
            max(self.min_spacing, other.min_spacing),
            min(most) if most else None,
            max(self.min_seconds, other.min_seconds),
        )


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
        if not self.active:
            return
        self.sequence = np.unique(pool.sequences, return_inverse=True)[1].reshape(-1)
        self.order = np.argsort(self.sequence, kind='stable')
        self.taken = np.bincount(self.sequence[pool.labeled], minlength=self.sequence.max() + 1)
        self.starts = np.searchsorted(self.sequence[self.order], np.arange(len(self.taken) + 1))
        spacings = ((pool.times, min_spacing), (getattr(pool, 'seconds', None), min_seconds))
        #: Places in a recording, and how far two labelled ones are apart at least.
        self.spacings = [(np.asarray(p, np.float64), least) for p, least in spacings if least > 0]
        for places, least in self.spacings:
            self.free &= ~self._near_labeled(places, least)
        if max_per_sequence is not None:
            self.free &= (self.taken < max_per_sequence)[self.sequence]

    @property
    def active(self) -> bool:
        spaced = self.min_spacing > 0 or self.min_seconds > 0
        return spaced or self.max_per_sequence is not None

    def _near_labeled(self, places: np.ndarray, least: float) -> np.ndarray:
        """Which units are too near to a labelled one, the last or the next, bool (U, )."""
        order = np.lexsort((places, self.sequence))  # where it is not known: the end
        places = places[order]
        labeled = self.pool.labeled[order] & np.isfinite(places)
        first = np.zeros(len(places), bool)
        first[self.starts[:-1]] = True
        near = np.zeros(len(places), bool)
        for step in (1, -1):  # from the past, and from the future
            # Where a sequence begins nothing is labelled yet.
            begins = first[::step] if step == 1 else np.r_[True, first[::-1][:-1]]
            found = np.where(labeled[::step], np.arange(len(places)), -1)
            latest = np.maximum.accumulate(found)
            since = np.maximum.accumulate(np.where(begins, np.arange(len(places)), 0))
            gap = np.abs(places[::step] - places[::step][latest])
            near[::step] |= (latest >= since) & (gap < least)  # NaN: no
        result = np.empty(len(places), bool)
        result[order] = near
        return result

    def among(self, units: np.ndarray) -> 'Constraints':
        """The same rules, of some of the units alone; what is taken there is not taken here.

        Args:
            units (ndarray): Their indices.
        """
        other = copy.copy(self)
        other.free = np.zeros(len(self.free), bool)
        other.free[units] = self.free[units]
        if self.active:
            other.taken = self.taken.copy()
        return other

    def take(self, index: int) -> None:
        """Index was picked."""
        self.free[index] = False
        if not self.active:
            return
        sequence = self.sequence[index]
        same = self.order[self.starts[sequence] : self.starts[sequence + 1]]
        self.taken[sequence] += 1
        for places, least in self.spacings:
            self.free[same[np.abs(places[same] - places[index]) < least]] = False
        if self.max_per_sequence is not None and self.taken[sequence] >= self.max_per_sequence:
            self.free[same] = False
