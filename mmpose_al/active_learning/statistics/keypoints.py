"""Predicted keypoints."""

from typing import TYPE_CHECKING, Any

from ..registry import STATISTICS
from .base import Statistic

if TYPE_CHECKING:
    from .batch import Batch


@STATISTICS.register_module('keypoints')
class Keypoints(Statistic):
    """Predicted keypoints in pixels of the image, float32 (K, 2).

    Of several networks those of their mean heatmaps.
    """

    shape = ('K', 2)
    always = True

    def compute(self, batch: 'Batch') -> Any:
        """Decoded as the head's codec does."""
        return batch.to_image(batch.decoded[0])
