"""Features of the backbone."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('features')
class Features(Statistic):
    """The first network's last feature maps, the mean over their pixels, float32 (F, )."""

    shape = ('F',)

    def compute(self, batch: Batch) -> Rows:
        """From the maps that the head takes."""
        maps = batch.feature_maps
        last = maps[-1] if isinstance(maps, (list, tuple)) else maps
        return last.float().mean((-2, -1))
