"""Units that look different, without any model of the pool: for the first round."""

import warnings
from typing import Any, Dict, List

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import Selection
from .constraints import Constraints
from .core_set import KCenter, mean_over_views

METHODS = ('k-means', 'k-centre')
_MOST = 20000  # units that K-means looks at
_CLUSTERS = 500  # at most, as in Hacohen22; more would take minutes
_FEW = 100  # clusters for which K-means starts several times
_STARTS = 4  # of so many units one may be a middle at first
_PASSES = 10  # over many units at most; later ones change little
_AT_ONCE = 2**13  # units


@QUERY_STRATEGIES.register_module()
class Diverse(KCenter):
    """Units that look different, by features that no training on the pool has made.

    It needs no model of the pool, so it may choose the first labels (``initial_strategy``).
    Features are averaged over the views of a unit.

    ``'k-means'`` makes as many clusters as there are labelled units and units to choose, but
    beyond 500 no more than units to choose. It takes of each cluster the unit nearest to its
    middle: first of those without a labelled one, the most populous first, then of those with
    the fewest.
    ``'k-centre'`` takes again and again the unit farthest from all others that are taken; it
    finds the rare ones first, and outliers.

    Args:
        method (str): One of ``METHODS``.
        min_seconds (float): See :class:`QueryStrategy`: frames of one second are one.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('appearance',)

    def __init__(self, method: str = 'k-means', min_seconds: float = 1.0, **kwargs: Any):
        super().__init__(min_seconds=min_seconds, **kwargs)
        if method not in METHODS:
            raise ValueError(f'method is one of {METHODS}; got {method!r}')
        self.method = method

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Features (U, 1, A)."""
        return mean_over_views(pool, pool.views.appearance)

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """Utilities are the sizes of the clusters, then 0; with k-centre distances.

        How many clusters, and in which order, is as in TypiClust (Hacohen22, Alg. 1).
        """
        if self.method == 'k-centre':
            return super().pick(pool, budget, constraints)
        features = self.describe(pool)[:, 0]
        known = np.flatnonzero(np.isfinite(features.sum(1, dtype=np.float64)))
        labeled = pool.labeled[known]
        if len(known) < len(features):
            features = features[known]
        clusters, distances = cluster(features, min(int(labeled.sum() + budget), _CLUSTERS))
        sizes = np.bincount(clusters)
        labels = np.bincount(clusters, labeled, len(sizes))
        ids: List[int] = []
        worth: List[float] = []

        def take(members: np.ndarray, most: int, utility: float) -> None:
            for index in members.tolist():
                if most <= 0 or len(ids) >= budget:
                    return
                if constraints.free[index]:
                    ids.append(int(pool.units[index]))
                    worth.append(utility)
                    constraints.take(index)
                    most -= 1

        unknown = np.setdiff1d(np.arange(len(pool.units)), known)
        take(unknown, budget, float('inf'))
        left = int(constraints.free.sum())
        if len(sizes) < min(labeled.sum() + budget, _CLUSTERS) and left > budget - len(ids):
            warnings.warn(
                f'Diverse: the {len(known)} units of the pool look in {len(sizes)} ways only, so '
                'of those that are alike the ones with the lowest ids are chosen; look at the '
                'images, or choose another strategy',
                stacklevel=3,
            )
        order = np.lexsort((known, distances))  # the nearest to its middle first
        members = order[np.argsort(clusters[order], kind='stable')]
        ends = np.cumsum(sizes)
        for each in np.lexsort((-sizes, labels)).tolist():
            utility = 0.0 if labels[each] else float(sizes[each])
            take(known[members[ends[each] - sizes[each] : ends[each]]], 1, utility)
        take(known[order], budget, 0.0)  # too few clusters, or some near to others in time
        return Selection(ids, worth)


def cluster(features: np.ndarray, number: int) -> tuple:
    """K-means, of many units over a part of them, and from centres among a part of these.

    Args:
        features (ndarray): (U, A).
        number (int): Of clusters, at most as many as there are different units.

    Returns:
        tuple: The cluster of each unit, int (U, ), and its distance to the middle, (U, ).
    """
    from sklearn.cluster import KMeans, kmeans_plusplus

    if not len(features):
        return np.zeros(0, np.int64), np.zeros(0)
    some = features[:: -(-len(features) // _MOST)].astype(np.float64)
    different = {row.tobytes() for row in some.astype(np.float32) + 0.0}  # -0 is 0
    number = min(number, len(different))
    options: Dict[str, Any] = dict(n_init=4 if number <= _FEW else 1)
    if len(some) < len(features) and number > _FEW:  # most of the time would be for the start
        middles = kmeans_plusplus(some[::_STARTS], number, random_state=0)[0]
        options.update(init=middles, max_iter=_PASSES)
    means = KMeans(number, random_state=0, **options).fit(some)
    chosen, distances = np.zeros(len(features), np.int64), np.zeros(len(features))
    for start in range(0, len(features), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        chosen[part] = means.predict(features[part].astype(np.float64))
        gap = features[part] - means.cluster_centers_[chosen[part]]
        distances[part] = np.sqrt(np.einsum('uf,uf->u', gap, gap))
    return chosen, distances
