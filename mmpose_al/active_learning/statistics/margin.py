"""Margin between the two highest peaks of a heatmap (Feng23, Eq. 1)."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('margin')
class Margin(Statistic):
    """BSB margin, the mean over the keypoints, float32."""

    always = True

    def compute(self, batch: Batch) -> Rows:
        """See :func:`~mmpose_al.geometry.heatmaps.best_vs_second_best`."""
        from ...geometry.heatmaps import best_vs_second_best

        return best_vs_second_best(*batch.peaks).mean(1)
