"""Features of the backbone."""

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('features')
class Features(Statistic):
    """The first network's last feature maps, the mean over their pixels, float32 (F, ).

    Of a neck that has pooled them already what it gives."""

    shape = ('F',)

    def compute(self, batch: Batch) -> Rows:
        """From the maps that the head takes."""
        last = batch.feature_maps
        while isinstance(last, (list, tuple)):  # of stages, of levels
            last = last[-1]
        return last.float().mean((-2, -1)) if last.dim() > 2 else last.float()
