"""Margin between the two highest peaks of a heatmap (Feng23, Eq. 1)."""

from typing import TYPE_CHECKING, Any

from ..registry import STATISTICS
from .base import Statistic

if TYPE_CHECKING:
    from .batch import Batch


@STATISTICS.register_module('margin')
class Margin(Statistic):
    """BSB margin, the mean over the keypoints, float32."""

    always = True

    def compute(self, batch: 'Batch') -> Any:
        """See :func:`~mmpose_al.geometry.heatmaps.best_vs_second_best`."""
        from ...geometry.heatmaps import best_vs_second_best

        return best_vs_second_best(*batch.peaks).mean(1)
