"""The first frames: what is labelled by whoever begins at the beginning."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import QueryStrategy


@QUERY_STRATEGIES.register_module()
class FirstFrames(QueryStrategy):
    """Units in the order of their recordings and of time: a baseline, no advice.

    Neighbours in time look alike. What the first ones are worth is what any choice should
    beat; ``min_spacing`` makes every n-th frame of it.
    """

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """How many units come later."""
        order = np.lexsort((pool.units, pool.times, pool.sequences))
        worth = np.empty(len(order))
        worth[order] = np.arange(len(order))[::-1]
        return worth
