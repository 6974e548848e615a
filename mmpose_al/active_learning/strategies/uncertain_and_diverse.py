"""A strategy made of two: diversity among the uncertain."""

from typing import Any, Tuple

import numpy as np

from ...fileio import is_number, short
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import QueryStrategy, Selection, failed_first
from .constraints import Constraints
from .core_set import KCenter


@QUERY_STRATEGIES.register_module()
class UncertainAndDiverse(QueryStrategy):
    """The most uncertain share of the pool, and in it a k-centre.

    Args:
        uncertainty (dict): Config of a strategy that gives utilities.
        diversity (dict): Config of a k-centre strategy.
        share (float): Part of the unlabelled units that the k-centre chooses from, at
            least as many as the budget.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(self, uncertainty: dict, diversity: dict, share: float = 0.3, **kwargs: Any):
        super().__init__(**kwargs)
        self.uncertainty = QUERY_STRATEGIES.build(uncertainty)
        self.diversity = QUERY_STRATEGIES.build(diversity)
        if not isinstance(self.diversity, KCenter):
            raise ValueError(
                'diversity is a k-centre strategy (CoreSet...); got '
                f'{type(self.diversity).__name__}'
            )
        if not is_number(share) or not 0 < share <= 1:
            raise ValueError(f'share lies in (0, 1]; got {short(share)}')
        self.share = share
        self.needs = (*self.uncertainty.needs, *self.diversity.needs)

    @property
    def parts(self) -> Tuple[QueryStrategy, QueryStrategy]:
        """See :class:`QueryStrategy`."""
        return self.uncertainty, self.diversity

    def check_joints(self, num: int) -> None:
        """See :class:`QueryStrategy`."""
        self.uncertainty.check_joints(num)
        self.diversity.check_joints(num)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Those of the uncertainty."""
        return self.uncertainty.utilities(pool)

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """k-centre within the uncertain share, then the next uncertain ones.

        Those of the share may be too near to each other; what is filled up with others
        has utility 0.
        """
        worth = failed_first(self.utilities(pool))
        free = np.flatnonzero(constraints.free)
        order = free[np.lexsort((pool.units[free], -worth[free]))]
        kept = order[: max(budget, int(np.ceil(self.share * len(free))))]
        ids, utilities = self.diversity.pick(pool, budget, constraints.among(kept))
        for index in np.searchsorted(pool.units, ids):
            constraints.take(index)
        for index in order[len(kept) :]:
            if len(ids) >= budget:
                break
            if constraints.free[index]:
                ids.append(int(pool.units[index]))
                utilities.append(0.0)
                constraints.take(index)
        return Selection(ids, utilities)
