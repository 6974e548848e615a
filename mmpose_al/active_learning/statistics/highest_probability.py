"""Highest probability of a heatmap (HP; the authors' code of Feng23)."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('highest_probability')
class HighestProbability(Statistic):
    """Highest value of the softmax over all pixels, the mean over the keypoints, float32."""

    def compute(self, batch: Batch) -> Rows:
        """Of the networks' mean heatmaps."""
        return batch.peaks.heatmaps.flatten(2).softmax(-1).amax(-1).mean(1)
