"""Size of the image."""

import numpy as np

from ..registry import STATISTICS
from .base import Batch, Rows, Statistic


@STATISTICS.register_module('diagonal')
class Diagonal(Statistic):
    """Diagonal of the image in pixels, float32."""

    always = True
    untrained = True

    def compute(self, batch: Batch) -> Rows:
        """Of the image as it was read."""
        height, width = np.asarray(batch.meta('ori_shape'), np.float64)[:, :2].T
        return np.hypot(width, height)
