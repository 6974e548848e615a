"""What all query strategies share: utilities, order, and rules about sequences."""

import hashlib
import warnings
from typing import List, NamedTuple, Optional

import numpy as np

from ..statistics import PoolStatistics


class Selection(NamedTuple):
    """Units to label, best first.

    Attributes:
        ids (list[int]): Ids of units.
        utilities (list[float]): Why, one for each: higher came first.
    """

    ids: List[int]
    utilities: List[float]


def keyed_uniforms(ids: np.ndarray, *key) -> np.ndarray:
    """One number in [0, 1) for each id, a function of the id and the key alone."""
    text = '/'.join(map(str, key))
    return np.array(
        [
            int.from_bytes(
                hashlib.blake2b(f'{text}/{int(i)}'.encode(), digest_size=8).digest(), 'little'
            )
            / 2.0**64
            for i in ids
        ]
    )


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
            for index in np.flatnonzero(pool.labeled):
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


class QueryStrategy:
    """Chooses the units of a pool that are worth a label.

    A subclass defines :meth:`utilities`, or overrides :meth:`pick` if one pick changes
    the worth of the others.

    Args:
        min_spacing (float): Smallest distance in time of two labelled units of one
            sequence.
        max_per_sequence (int, optional): Most labelled units of a sequence.
    """

    #: What the pool must have, 'cameras' or 'frames', and what the pass over it must
    #: make: 'features', 'disagreement' or 'keypoints_3d'.
    needs: tuple = ()

    def __init__(self, min_spacing: float = 0, max_per_sequence: Optional[int] = None):
        if min_spacing < 0 or (max_per_sequence is not None and max_per_sequence < 1):
            raise ValueError(
                'min_spacing must be >= 0 and max_per_sequence at least 1; '
                f'got {min_spacing} and {max_per_sequence}'
            )
        self.min_spacing = min_spacing
        self.max_per_sequence = max_per_sequence

    def check_joints(self, num: int) -> None:
        """Raise a ValueError unless poses of so many joints can be compared."""

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """The worth of each unit, (U, ); higher is labelled first, NaN before all."""
        raise NotImplementedError

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """Units in descending order of utility, ties by id."""
        worth = failed_first(self.utilities(pool))
        chosen = []
        for index in np.lexsort((pool.units, -worth)):
            if len(chosen) >= budget:
                break
            if constraints.free[index]:
                chosen.append(index)
                constraints.take(index)
        return Selection([int(pool.units[i]) for i in chosen], [float(worth[i]) for i in chosen])

    def select(self, pool: PoolStatistics, budget: int) -> Selection:
        """Choose ``budget`` unlabelled units, or all there are, with a warning.

        Raises:
            ValueError: The budget is below 1.
        """
        if budget < 1:
            raise ValueError(f'the budget of a round must be at least 1; got {budget}')
        selection = self.pick(
            pool, budget, Constraints(pool, self.min_spacing, self.max_per_sequence)
        )
        if len(selection.ids) < budget:
            warnings.warn(
                f'{type(self).__name__} was asked for {budget} units, but only '
                f'{len(selection.ids)} are unlabelled and allowed by min_spacing='
                f'{self.min_spacing} and max_per_sequence={self.max_per_sequence}',
                stacklevel=2,
            )
        return selection


def failed_first(worth: np.ndarray) -> np.ndarray:
    """NaN (a unit that could not be judged) as infinity, so that it ranks first."""
    return np.where(np.isnan(worth), np.inf, worth)
