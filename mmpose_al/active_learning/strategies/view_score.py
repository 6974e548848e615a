"""What strategies share that judge each view by itself."""

from typing import Any

import numpy as np

from ..statistics import PoolStatistics
from .base import QueryStrategy


class ViewScore(QueryStrategy):
    """A value for each view, aggregated over the views of a unit.

    Args:
        aggregate (str): ``'mean'`` (Feng23), ``'max'`` or ``'var'``.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(self, aggregate: str = 'mean', **kwargs: Any):
        super().__init__(**kwargs)
        if aggregate not in ('mean', 'max', 'var'):
            raise ValueError(f"aggregate is 'mean', 'max' or 'var'; got {aggregate!r}")
        self.aggregate = aggregate

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """One value for each view, (N, ); higher is less certain."""
        raise NotImplementedError

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Aggregated view scores."""
        return pool.over_views(self.view_scores(pool), self.aggregate)
