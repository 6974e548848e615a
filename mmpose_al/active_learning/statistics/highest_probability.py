"""Highest probability of a heatmap, or of SimCC's product (HP; the authors' code of Feng23)."""

from ..registry import STATISTICS
from .base import Batch, Networks, Rows, Statistic


@STATISTICS.register_module('highest_probability')
class HighestProbability(Statistic):
    """Highest value of the softmax over all pixels, the mean over the keypoints, float32."""

    def lacks(self, networks: Networks) -> str:
        """Peaks."""
        return networks.without_peaks()

    def compute(self, batch: Batch) -> Rows:
        """Of the networks' mean heatmaps or distributions."""
        return batch.peaks.highest().mean(1)
