"""Multi-View Consistency: where the views of a rig disagree (Feng23, Sec. 3.3)."""

from typing import Any

import numpy as np
import torch

from ...geometry import triangulation as geometry
from ..registry import QUERY_STRATEGIES
from ..statistics import Groups, PoolStatistics
from .base import NOT_JUDGED, QueryStrategy


def consistency_errors(pool: PoolStatistics, squared: bool = True) -> np.ndarray:
    """:func:`mmpose_al.geometry.triangulation.consistency_errors` of every view.

    Keypoints that failed to triangulate, points behind a camera and predictions that
    no ray has count as the diagonal of the image.

    Args:
        pool (PoolStatistics): With cameras.
        squared (bool): Pixels² (Feng23, Eq. 8) or pixels (its text).

    Returns:
        ndarray: Shape (G, V, K); NaN where a group lacks a view.
    """
    groups: Groups = pool.groups
    there = groups.rows >= 0
    diagonal = pool.views.diagonal[groups.rows].astype(np.float64)

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array)[:, None]  # (G, 1, V)

    errors = torch.from_numpy(groups.errors.astype(np.float64)).transpose(1, 2)
    each = geometry.consistency_errors(errors, tensor(diagonal), squared, tensor(there))
    return each.transpose(1, 2).contiguous().numpy()


@QUERY_STRATEGIES.register_module()
class MultiViewConsistency(QueryStrategy):
    """Largest reprojection error of the triangulated keypoints first (Feng23, Eq. 8).

    ``1 / (N K) Σ_V Σ_k || l_V^k - l̂_V^k ||²`` in pixels². The authors' code has another
    one, which is ``squared=False, inliers_only=True, half=True`` here.

    Args:
        squared (bool): As in Eq. 8. False: the Euclidean distance, as in its text.
        aggregate (str): How views make a frame, ``'mean'``, ``'max'`` or ``'var'``.
        inliers_only (bool): The mean over the views that agree on a keypoint, and then over
            the keypoints. A keypoint on which no two views agree counts as the diagonal of
            the image. Views that were wrong count for nothing.
        half (bool): Half of it.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('cameras', 'diagonal')

    def __init__(
        self,
        squared: bool = True,
        aggregate: str = 'mean',
        inliers_only: bool = False,
        half: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if aggregate not in ('mean', 'max', 'var'):
            raise ValueError(f"aggregate is 'mean', 'max' or 'var'; got {aggregate!r}")
        if inliers_only and aggregate != 'mean':
            raise ValueError(
                f'inliers_only=True takes the mean over views; leave aggregate={aggregate!r} out'
            )
        self.squared, self.aggregate = squared, aggregate
        self.inliers_only, self.half = inliers_only, half

    def shown(self, utility: float) -> str:
        """The distance in pixels: of squares the root of their mean, and never half of it."""
        if self.aggregate == 'var' or utility >= NOT_JUDGED:
            return super().shown(utility)
        whole = 2 * utility if self.half else utility
        return f'{whole**0.5 if self.squared else whole:.4g} px'

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """The mean error of each unit; NaN without any view that has a camera."""
        errors = consistency_errors(pool, self.squared)
        there = pool.groups.rows >= 0
        if self.inliers_only:
            each = pool.over_views(over_inliers(errors, pool.groups), 'mean', pool.group_unit)
        else:
            per_view = errors.mean(2)
            members = np.repeat(pool.group_unit[:, None], per_view.shape[1], 1)
            each = pool.over_views(per_view[there], self.aggregate, members[there])
        return each / 2 if self.half else each


def over_inliers(errors: np.ndarray, groups: Groups) -> np.ndarray:
    """The mean over keypoints of the mean over the views that agree on one, (G, ).

    Args:
        errors (ndarray): Of every view, (G, V, K), see :func:`consistency_errors`.
        groups (Groups): Which views agree; all that are there on a keypoint that failed.
    """
    there = (groups.rows >= 0)[..., None]
    counts = np.where(groups.ok[:, None], groups.inliers, there) & there
    total = np.where(counts, errors, 0.0).sum(1)
    return (total / np.maximum(counts.sum(1), 1)).mean(1)
