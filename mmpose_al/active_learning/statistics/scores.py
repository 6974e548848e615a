"""Confidence of the predicted keypoints."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('scores')
class Scores(Statistic):
    """Confidence of each keypoint, as the head's codec tells it, float32 (K, )."""

    shape = ('K',)
    always = True

    def compute(self, batch: Batch) -> Rows:
        """Beside the keypoints."""
        return batch.decoded[1]
