"""Predicted keypoints."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('keypoints')
class Keypoints(Statistic):
    """Predicted keypoints in pixels of the image, float32 (K, 2).

    Of several networks those of their mean heatmaps.
    """

    shape = ('K', 2)
    always = True

    def compute(self, batch: Batch) -> Rows:
        """Decoded as the head's codec does."""
        return batch.to_image(batch.decoded[0])
