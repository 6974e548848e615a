"""CoreSet over triangulated poses (Sener18; Feng23, Eq. 6, 7)."""

import numpy as np

from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .core_set import AboutRoot, root_aligned


@QUERY_STRATEGIES.register_module()
class CoreSetPoses(AboutRoot):
    """k-centre over triangulated, root-aligned poses (Feng23, Eq. 6, 7).

    The distance is the mean over keypoints of the Euclidean distance. Of several
    persons in a frame the first counts.

    Args:
        root (int | Sequence[int], optional): The root joint, or joints whose mean it is, e.g.
            the hips (11, 12) of COCO; None: the mean of all joints that are known.
        kwargs: See :class:`QueryStrategy`.
    """

    needs = ('cameras',)
    unit = 'mm'

    def describe(self, pool: PoolStatistics) -> np.ndarray:
        """Poses (U, K, 3), NaN where there is none."""
        groups = pool.groups
        joints = groups.points.shape[1]
        self.check_joints(joints)
        poses = np.full((len(pool.units), joints, 3), np.nan)
        first = np.unique(pool.group_unit, return_index=True)[1]
        poses[pool.group_unit[first]] = root_aligned(groups.points[first], self.root)
        return poses
