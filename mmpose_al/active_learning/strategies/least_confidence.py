"""Least confidence: how low the highest peak is (HP; the authors' code of Feng23)."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .view_score import ViewScore


@QUERY_STRATEGIES.register_module()
class LeastConfidence(ViewScore):
    """Lowest probability of the most probable pixel first.

    1 minus the highest value of the softmax over the heatmap, the mean over the keypoints
    (HP in the authors' code of Feng23; the paper has no such row).
    """

    needs = ('highest_probability',)

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """1 minus the probability."""
        return 1 - pool.views.highest_probability.astype(np.float64)
