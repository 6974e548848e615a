"""A strategy made of others: the weighted sum of their ranks."""

from typing import Any, List, Optional, Sequence

import numpy as np

from ...fileio import is_number, short
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import QueryStrategy, failed_first


def ranks(worth: np.ndarray) -> np.ndarray:
    """Share of units that are worth no more, in (0, 1]; equal worth, equal rank."""
    worth = failed_first(worth)
    ordered = np.sort(worth)
    return np.searchsorted(ordered, worth, side='right') / max(len(worth), 1)


@QUERY_STRATEGIES.register_module()
class WeightedCombination(QueryStrategy):
    """Weighted sum of the ranks that several strategies give.

    Ranks, because pixels² and nats have no common scale.

    Args:
        strategies (Sequence[dict]): Configs.
        weights (Sequence[float], optional): 1 each by default.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(
        self, strategies: Sequence[dict], weights: Optional[Sequence[float]] = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.strategies: List[QueryStrategy] = [
            QUERY_STRATEGIES.build(strategy) for strategy in strategies
        ]
        self.weights = [1.0] * len(strategies) if weights is None else list(weights)
        if not strategies or len(self.weights) != len(strategies):
            raise ValueError(
                f'{len(strategies)} strategies with {len(self.weights)} '
                'weights; give as many of both, at least one'
            )
        if not all(map(is_number, self.weights)):
            raise ValueError(f'weights are finite numbers; got {short(self.weights)}')
        self.needs = tuple(need for s in self.strategies for need in s.needs)

    @property
    def parts(self) -> List[QueryStrategy]:
        """See :class:`QueryStrategy`."""
        return self.strategies

    def check_joints(self, num: int) -> None:
        """See :class:`QueryStrategy`."""
        for strategy in self.strategies:
            strategy.check_joints(num)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """The sum over the unlabelled units' ranks."""
        free = ~pool.labeled
        total = np.zeros(len(pool.units))
        for strategy, weight in zip(self.strategies, self.weights):
            worth = strategy.utilities(pool)
            total[free] += weight * ranks(worth[free])
        return total
