"""CoreSet over features of the backbone (Sener18)."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .core_set import KCenter


@QUERY_STRATEGIES.register_module()
class CoreSetFeatures(KCenter):
    """k-centre over pooled backbone features (Sener18), averaged over the views."""

    needs = ('features',)

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Features (U, 1, F)."""
        features = pool.views.features.astype(np.float64)
        total = np.zeros((len(pool.units), features.shape[1]))
        np.add.at(total, pool.view_unit, features)
        count = np.bincount(pool.view_unit, minlength=len(pool.units))[:, None]
        with np.errstate(invalid='ignore'):
            return np.where(count > 0, total / np.maximum(count, 1), np.nan)[:, None]
