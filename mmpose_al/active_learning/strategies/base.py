"""What all query strategies share: what they need, utilities, and their order."""

import warnings
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...fileio import is_int, is_number, short
from ..pool import Pool
from ..statistics import POOL_PROPERTIES, MissingStatistic, PoolStatistics
from ..statistics.base import how_to_have
from .constraints import Constraints, Rules

NOT_JUDGED = 1e300  # what stands for infinity in files


class Selection(NamedTuple):
    """Units to label, best first.

    Attributes:
        ids (list[int]): Ids of units.
        utilities (list[float]): Why, one for each: higher came first.
    """

    ids: List[int]
    utilities: List[float]


class QueryStrategy:
    """Chooses the units of a pool that are worth a label.

    A subclass defines :meth:`utilities`, or overrides :meth:`pick` if one pick changes
    the worth of the others.

    Args:
        min_spacing (float): Smallest distance in time of two labelled units of one
            sequence.
        max_per_sequence (int, optional): Most labelled units of a sequence.
        min_seconds (float): As ``min_spacing``, in seconds, where the pool's file knows the
            time of a frame.
    """

    #: What the pool must have, 'cameras' or 'frames', and the statistics that it reads, by
    #: the names of their columns: the pass over the pool computes them.
    needs: Tuple[str, ...] = ()
    #: Of a utility, '' where it has none people know: ``'px'``, ``'mm'``.
    unit = ''

    def __init__(
        self, min_spacing: float = 0, max_per_sequence: Optional[int] = None, min_seconds: float = 0
    ):
        most = max_per_sequence
        if not all(is_number(least) and least >= 0 for least in (min_spacing, min_seconds)) or not (
            most is None or (is_int(most) and most >= 1)
        ):
            raise ValueError(
                'min_spacing and min_seconds are finite numbers, 0 or above, and '
                'max_per_sequence a whole number, at least 1, or None; got '
                f'{short(min_spacing)}, {short(min_seconds)} and {short(most)}'
            )
        self.min_spacing, self.min_seconds = min_spacing, min_seconds
        self.max_per_sequence = max_per_sequence

    @property
    def statistics(self) -> Tuple[str, ...]:
        """The statistics among its needs.

        Raises:
            ValueError: ``needs`` is a text, as ``('spread')`` is without a comma.
        """
        if isinstance(self.needs, str):
            raise ValueError(f'{type(self).__name__}.needs is a tuple; write ({self.needs!r},)')
        return tuple(name for name in self.needs if name not in POOL_PROPERTIES)

    @property
    def parts(self) -> Sequence['QueryStrategy']:
        """The strategies that it is made of; their rules about sequences hold, too."""
        return ()

    @property
    def rules(self) -> Rules:
        """The strictest of its own rules and those of its parts."""
        rules = Rules(self.min_spacing, self.max_per_sequence, self.min_seconds)
        for part in self.parts:
            rules = rules.with_those_of(part.rules)
        return rules

    def check_statistics(self, pool: PoolStatistics) -> None:
        """Raise unless the scores hold every statistic that it reads.

        Raises:
            MissingStatistic: They do not; it says how to have it.
        """
        for name in self.statistics:
            if name not in pool.views:
                raise MissingStatistic(
                    f'{type(self).__name__} reads the statistic {name!r}, which these scores '
                    f'do not hold; {how_to_have(name)}'
                )

    def check_joints(self, num: int) -> None:
        """Raise a ValueError unless poses of so many joints can be compared."""

    def check_pool(self, pool: Pool) -> None:
        """Raise a ValueError unless such a pool can be judged; before the first training.

        What ``needs`` says is checked by :func:`~mmpose_al.active_learning.pool.check_pool`.
        """
        for part in self.parts:
            part.check_pool(pool)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """The worth of each unit, (U, ); higher is labelled first, NaN before all."""
        raise NotImplementedError

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """Units in descending order of utility, ties by id."""
        worth = failed_first(self.utilities(pool))
        self._say_if_equal(worth[constraints.free], budget)
        chosen: List[int] = []
        for index in np.lexsort((pool.units, -worth)):
            if len(chosen) >= budget:
                break
            if constraints.free[index]:
                chosen.append(index)
                constraints.take(index)
        return Selection([int(pool.units[i]) for i in chosen], [float(worth[i]) for i in chosen])

    def shown(self, utility: float) -> str:
        """A utility as people are told it: a length in pixels or millimetres where it is one.

        Args:
            utility (float): Of a pick; infinity, or what stands for it in files, where the
                unit could not be judged.
        """
        if utility >= NOT_JUDGED:
            return 'could not be judged'
        return f'{utility:.4g} {self.unit}'.strip()

    def select(self, pool: PoolStatistics, budget: int) -> Selection:
        """Choose ``budget`` unlabelled units, or all there are, with a warning.

        Raises:
            ValueError: The budget is below 1, or the scores lack a statistic.
        """
        if budget < 1:
            raise ValueError(f'the budget of a round must be at least 1; got {budget}')
        self.check_statistics(pool)
        if 'cameras' in self.needs:
            self._say_few_views(pool)
        rules = self.rules
        selection = self.pick(pool, budget, Constraints(pool, *rules))
        if len(selection.ids) < budget:
            warnings.warn(
                f'{type(self).__name__} was asked for {budget} units, but only '
                f'{len(selection.ids)} are unlabelled and allowed by min_spacing='
                f'{rules.min_spacing}, min_seconds={rules.min_seconds} and max_per_sequence='
                f'{rules.max_per_sequence}',
                stacklevel=2,
            )
        return selection

    def _say_if_equal(self, worth: np.ndarray, budget: int) -> None:
        """Warn where utilities tell nothing and ids would choose."""
        if len(worth) > max(budget, 1) and (worth == worth[0]).all():
            what = 'could not be judged' if np.isinf(worth[0]) else f'have the utility {worth[0]:g}'
            self._say_ids_choose(len(worth), budget, what)

    def _say_ids_choose(self, number: int, budget: int, what: str) -> None:
        """Warn that so many units are alike."""
        warnings.warn(
            f'{type(self).__name__}: all {number} units that may be chosen {what}, so the '
            f'{budget} with the lowest ids are; look at the predictions of the network, or '
            'choose another strategy (RandomSampling spends a budget better than ids do)',
            stacklevel=5,
        )

    def _say_few_views(self, pool: PoolStatistics) -> None:
        """Warn of unlabelled units in which no person is seen by two cameras."""
        few = ~pool.in_several_views & ~pool.labeled
        if few.any():
            warnings.warn(
                f'{type(self).__name__} compares views, but {few.sum()} of '
                f'{(~pool.labeled).sum()} unlabelled units show no person in two calibrated '
                f'views (first ids {pool.units[few][:5].tolist()}); they count as failed and '
                'come first. Leave them out of the pool, or give their other views',
                stacklevel=3,
            )


def finite(utilities: Sequence[float]) -> List[float]:
    """Utilities as files hold them, where nothing is infinite."""
    return [u if np.isfinite(u) else NOT_JUDGED for u in utilities]


def failed_first(worth: np.ndarray) -> np.ndarray:
    """NaN (a unit that could not be judged) as infinity, so that it ranks first."""
    return np.where(np.isnan(worth), np.inf, worth)
