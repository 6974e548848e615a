"""3D poses of single images that differ from view to view (after Iqbal20)."""

import numpy as np
import torch

from ...geometry.alignment import disagreement
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics, group_views
from .base import QueryStrategy


@QUERY_STRATEGIES.register_module()
class ViewDisagreement3D(QueryStrategy):
    """People whose views give different 3D poses first.

    Each view's own 3D pose, from a model with a 2.5D head, is aligned rigidly with
    those of the other views; the worth of a unit is the mean distance of joints in mm,
    that is, the error that the multi-view loss of Iqbal20 trains on. It needs
    intrinsics but no extrinsics. A person that fewer than two views could
    reconstruct comes first.

    Args:
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('frames', 'keypoints_3d')
    unit = 'mm'

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """The mean distance of each unit, mm; NaN where it is not defined.

        Raises:
            ValueError: The model gave no 3D poses, or there are no frames.
        """
        points = pool.views.keypoints_3d
        if np.isnan(points).all():
            raise ValueError(
                'ViewDisagreement3D compares the 3D poses of single views, but none is '
                'defined: without intrinsics there is no depth; put InputCamera into the '
                'pipeline, and cameras into the annotation file (docs/multiview_format.md)'
            )
        _, rows = group_views(pool.views, pool.views.frame_id >= 0)
        if not len(rows):
            raise ValueError(
                'ViewDisagreement3D compares the views of a frame, but no image of the '
                'pool has a frame_id (docs/multiview_format.md)'
            )
        units = np.searchsorted(pool.units, pool.views.unit[rows[:, 0]])
        grouped = np.where((rows >= 0)[..., None, None], points[rows], np.nan)
        values = disagreement(torch.from_numpy(grouped.astype(np.float64))).numpy()
        # One person that cannot be judged makes the unit one that cannot.
        worth = pool.over_views(values, 'mean', units)
        worth[units[np.isnan(values)]] = np.nan
        return worth
