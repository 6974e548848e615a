"""Random sampling: what every strategy must beat."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from ..uniforms import keyed_uniforms
from .base import QueryStrategy


@QUERY_STRATEGIES.register_module()
class RandomSampling(QueryStrategy):
    """Units at random, by a hash of (seed, round, id): no order of files matters."""

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """Uniform numbers."""
        return keyed_uniforms(pool.units, 'random', pool.seed, pool.round)
