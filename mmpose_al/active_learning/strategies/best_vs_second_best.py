"""Best versus second best: the margin between two peaks (BSB; Feng23, Eq. 1)."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .view_score import ViewScore


@QUERY_STRATEGIES.register_module()
class BestVsSecondBest(ViewScore):
    """Smallest margin between the two highest peaks first (BSB; Feng23, Eq. 1)."""

    needs = ('margin',)

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """The negative margin."""
        return -pool.views.margin
