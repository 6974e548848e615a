"""3D poses of single views."""

from ..registry import STATISTICS
from .base import Batch, Networks, Rows, Statistic


@STATISTICS.register_module('keypoints_3d')
class Keypoints3D(Statistic):
    """Single-view 3D poses in camera coordinates, float32 (K, 3).

    NaN where they are not defined, as without intrinsics; of a model with depth only.
    """

    shape = ('K', 3)
    always = True
    remedy = 'train a model with a Heatmap2p5DHead (configs/weakly_supervised_3d)'

    def lacks(self, networks: Networks) -> str:
        """Depth."""
        if networks.with_depth:
            return ''
        return (
            'compares the 3D poses of single views, but the head is a '
            f'{type(networks.first.head).__name__}'
        )

    def compute(self, batch: Batch) -> Rows:
        """As the head predicts them."""
        return [None] * len(batch) if batch.points is None else batch.points
