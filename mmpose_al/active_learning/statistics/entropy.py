"""Entropy over the peaks of a heatmap (Feng23, Eq. 2, 3), or of SimCC's product."""

from ..registry import STATISTICS
from .base import Batch, Networks, Rows, Statistic


@STATISTICS.register_module('entropy')
class Entropy(Statistic):
    """MPE, the mean over the keypoints, float32."""

    always = True

    def lacks(self, networks: Networks) -> str:
        """Peaks."""
        return networks.without_peaks()

    def compute(self, batch: Batch) -> Rows:
        """See :func:`~mmpose_al.geometry.heatmaps.multi_peak_entropy`, and
        :meth:`~mmpose_al.geometry.simcc.AxisPeaks.entropy`."""
        return batch.peaks.entropy().mean(1)
