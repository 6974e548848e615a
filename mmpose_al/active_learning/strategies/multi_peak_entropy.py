"""Multi-peak entropy: how many peaks a heatmap has (MPE; Feng23, Eq. 2, 3)."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .view_score import ViewScore


@QUERY_STRATEGIES.register_module()
class MultiPeakEntropy(ViewScore):
    """Largest entropy over the peaks first (MPE; Feng23, Eq. 2, 3)."""

    needs = ('entropy',)

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """The entropy."""
        return pool.views.entropy
