"""Entropy over the peaks of a heatmap (Feng23, Eq. 2, 3)."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('entropy')
class Entropy(Statistic):
    """MPE, the mean over the keypoints, float32."""

    always = True

    def compute(self, batch: Batch) -> Rows:
        """See :func:`~mmpose_al.geometry.heatmaps.multi_peak_entropy`."""
        from ...geometry.heatmaps import multi_peak_entropy

        return multi_peak_entropy(*batch.peaks).mean(1)
