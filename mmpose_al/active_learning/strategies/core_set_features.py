"""CoreSet over features of the backbone (Sener18)."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .core_set import KCenter, mean_over_views


@QUERY_STRATEGIES.register_module()
class CoreSetFeatures(KCenter):
    """k-centre over pooled backbone features (Sener18), averaged over the views."""

    needs = ('features',)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Features (U, 1, F)."""
        return mean_over_views(pool, pool.views.features)
