"""Disagreement of a committee of two networks."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import NOT_JUDGED
from .view_score import ViewScore


@QUERY_STRATEGIES.register_module()
class CommitteeDisagreement(ViewScore):
    """Largest distance between two networks' keypoints first (e.g. PoseDual's).

    In pixels of the image over its diagonal.
    """

    needs = ('disagreement', 'diagonal')

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """The relative distance."""
        return pool.views.disagreement / pool.views.diagonal

    def shown(self, utility: float) -> str:
        """In percent of the image's diagonal."""
        if self.aggregate == 'var' or utility >= NOT_JUDGED:
            return super().shown(utility)
        return f'{100 * utility:.3g} % of the diagonal'
