"""What is read off heatmaps, in batches and on the device.

Notation: batch size B, keypoints K, heatmap size (h, w).
"""
from typing import Sequence, Tuple, Union

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


def subpixel_peaks(heatmaps: Tensor) -> Tuple[Tensor, Tensor]:
    """As :func:`peaks`, moved by a parabola through the neighbours in x and in y.

    A maximum at the border stays where it is in that direction.
    """
    positions, values = peaks(heatmaps)
    height, width = heatmaps.shape[-2:]
    flat = heatmaps.flatten(2)
    x, y = positions.long().unbind(-1)

    def offset(place: Tensor, stride: int, size: int) -> Tensor:
        inner = (place > 0) & (place < size - 1)
        index = torch.where(inner, y * width + x, torch.full_like(x, stride))
        before, here, after = (
            flat.gather(-1, (index + step)[..., None].clamp(0, flat.shape[-1] - 1))
            .squeeze(-1) for step in (-stride, 0, stride))
        curvature = before - 2 * here + after
        usable = inner & (curvature < 0)
        safe = torch.where(usable, curvature, torch.ones_like(curvature))
        shift = (0.5 * (before - after) / safe).clamp(-0.5, 0.5)
        return torch.where(usable, shift, torch.zeros_like(shift))

    shifts = torch.stack([offset(x, 1, width), offset(y, width, height)], -1)
    return positions + shifts, values


def gaussians(centers: Tensor, size: Tuple[int, int],
              sigma: Union[float, Sequence[float]]) -> Tensor:
    """Gaussian heatmaps with maximum 1 at their centre (MSRA's and UDP's targets).

    Args:
        centers (Tensor): (x, y) in heatmap pixels, (B, K, 2).
        size (tuple): Heatmap size (w, h).
        sigma (float | Sequence): Standard deviation in pixels, or one for x and for y.

    Returns:
        Tensor: Shape (B, K, h, w).
    """
    scale = centers.new_tensor(sigma).expand(2)
    x = torch.arange(size[0], device=centers.device) - centers[..., 0:1]
    y = torch.arange(size[1], device=centers.device) - centers[..., 1:2]
    along_x = torch.exp(-0.5 * (x / scale[0])**2)
    along_y = torch.exp(-0.5 * (y / scale[1])**2)
    return along_y[..., :, None] * along_x[..., None, :]
