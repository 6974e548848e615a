"""What is read off heatmaps, in batches and on the device.

Notation: batch size B, keypoints K, heatmap size (h, w).
"""
from typing import Tuple

import torch
from torch import Tensor


def peaks(heatmaps: Tensor) -> Tuple[Tensor, Tensor]:
    """Position and value of each heatmap's maximum.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).

    Returns:
        tuple: (x, y) in whole heatmap pixels, shape (B, K, 2), and the values there,
        shape (B, K).
    """
    width = heatmaps.shape[-1]
    values, index = heatmaps.flatten(2).max(-1)
    x = index % width
    y = torch.div(index, width, rounding_mode='floor')
    return torch.stack([x, y], -1).to(heatmaps.dtype), values


def response(heatmaps: Tensor) -> Tensor:
    """Mean over images and joints of the heatmap maximum, a scalar (Xie21, Fig. 3)."""
    return heatmaps.detach().flatten(2).amax(-1).mean()
