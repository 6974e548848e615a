"""Where a heatmap peaks, for tests."""

import numpy as np


def subpixel_peak(heatmap):
    """Centre of mass of the squared heatmap: the centre of any symmetric blob."""
    weight = heatmap**2 / (heatmap**2).sum()
    i, j = np.indices(heatmap.shape)
    return np.array([(weight * j).sum(), (weight * i).sum()])
