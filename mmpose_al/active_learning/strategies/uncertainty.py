"""Strategies that read one view's heatmaps: BSB, MPE and committee disagreement."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import QueryStrategy


class ViewScore(QueryStrategy):
    """A value for each view, aggregated over the views of a unit.

    Args:
        aggregate (str): ``'mean'`` (Feng23), ``'max'`` or ``'var'``.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(self, aggregate: str = 'mean', **kwargs):
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


@QUERY_STRATEGIES.register_module()
class BestVsSecondBest(ViewScore):
    """Smallest margin between the two highest peaks first (BSB; Feng23, Eq. 1)."""

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """The negative margin."""
        return -pool.views.margin


@QUERY_STRATEGIES.register_module()
class MultiPeakEntropy(ViewScore):
    """Largest entropy over the peaks first (MPE; Feng23, Eq. 2, 3)."""

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """The entropy."""
        return pool.views.entropy


@QUERY_STRATEGIES.register_module()
class CommitteeDisagreement(ViewScore):
    """Largest distance between two networks' keypoints first (e.g. PoseDual's).

    In pixels of the image over its diagonal.
    """

    needs = ('disagreement',)

    def view_scores(self, pool: PoolStatistics) -> np.ndarray:
        """The relative distance.

        Raises:
            ValueError: The model has one network.
        """
        if np.isnan(pool.views.disagreement).all():
            raise ValueError(
                'CommitteeDisagreement compares two networks, but the model has one; '
                'train a PoseDual or another dual estimator'
            )
        return pool.views.disagreement / pool.views.diagonal
