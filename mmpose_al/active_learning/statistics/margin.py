"""Margin between the two highest peaks of a heatmap (Feng23, Eq. 1), or of SimCC's product."""

from ..registry import STATISTICS
from .base import Batch, Networks, Rows, Statistic


@STATISTICS.register_module('margin')
class Margin(Statistic):
    """BSB margin, the mean over the keypoints, float32."""

    always = True

    def lacks(self, networks: Networks) -> str:
        """Peaks."""
        return networks.without_peaks()

    def compute(self, batch: Batch) -> Rows:
        """See :func:`~mmpose_al.geometry.heatmaps.best_vs_second_best`, and
        :meth:`~mmpose_al.geometry.simcc.AxisPeaks.margin`."""
        return batch.peaks.margin().mean(1)
