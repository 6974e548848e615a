"""Confidence of the predicted keypoints."""

from typing import TYPE_CHECKING, Any

from ..registry import STATISTICS
from .base import Statistic

if TYPE_CHECKING:
    from .batch import Batch


@STATISTICS.register_module('scores')
class Scores(Statistic):
    """Confidence of each keypoint, as the head's codec tells it, float32 (K, )."""

    shape = ('K',)
    always = True

    def compute(self, batch: 'Batch') -> Any:
        """Beside the keypoints."""
        return batch.decoded[1]
