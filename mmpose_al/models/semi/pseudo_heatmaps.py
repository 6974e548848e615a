"""Denoise and select pseudo-heatmaps (Yu24): functions on tensors.

Notation: views V = K + 1, batch size B, joints J, heatmap size (h, w). All views'
heatmaps are in one common frame; ``seen`` tells which pixels of it a view saw.
"""

from typing import Optional, Tuple

import torch
from torch import Tensor

from ...geometry.heatmaps import gaussians, peaks


def aggregate(heatmaps: Tensor, seen: Tensor, how: str = 'max') -> Tensor:
    """One heatmap out of several views' (Yu24, Eq. 4).

    Args:
        heatmaps (Tensor): Shape (V, B, J, h, w).
        seen (Tensor): 0 or 1, (V, B, 1, h, w).
        how (str): ``'max'``: the largest value of each pixel; ``'avg'``: the mean.

    Returns:
        Tensor: Shape (B, J, h, w); 0 where no view saw the pixel.
    """
    if how == 'avg':
        return (heatmaps * seen).sum(0) / seen.sum(0).clamp(min=1)
    hidden = heatmaps.masked_fill(seen == 0, -torch.inf)
    largest = hidden.amax(0)
    return largest.masked_fill(seen.sum(0) == 0, 0)


def uncertainty(heatmaps: Tensor, seen: Tensor) -> Tensor:
    """How much the views disagree about each joint (Yu24, Eq. 6).

    The standard deviation over the views that saw a pixel (of the population: one view
    alone has 0), and of that the maximum over pixels.

    Args:
        heatmaps (Tensor): Shape (V, B, J, h, w).
        seen (Tensor): 0 or 1, (V, B, 1, h, w).

    Returns:
        Tensor: Shape (B, J).
    """
    mean = aggregate(heatmaps, seen, 'avg')
    variance = ((heatmaps - mean) ** 2 * seen).sum(0) / seen.sum(0).clamp(min=1)
    return variance.flatten(2).amax(-1).sqrt()


def threshold_and_refine(
    heatmaps: Tensor,
    threshold: float = 0.1,
    refine: bool = True,
    sigma: float = 2.0,
    seen: Optional[Tensor] = None,
) -> Tuple[Tensor, Tensor]:
    """Redraw confident joints as Gaussians at their maximum (Yu24, Sec. 3.2).

    Args:
        heatmaps (Tensor): Aggregated, (B, J, h, w).
        threshold (float): τ: a joint is confident if its maximum is above it.
        refine (bool): False leaves confident joints as they are.
        sigma (float): Of the Gaussian, heatmap pixels.
        seen (Tensor, optional): Pixels that some view saw, (B, 1, h, w).

    Returns:
        tuple: Heatmaps (B, J, h, w), and which joints are confident, bool (B, J).
        Joints that are not confident keep their heatmap.
    """
    visible = heatmaps if seen is None else heatmaps * seen
    positions, values = peaks(visible)
    confident = values > threshold
    if not refine:
        return heatmaps, confident
    size = (heatmaps.shape[-1], heatmaps.shape[-2])
    drawn = gaussians(positions, size, sigma)
    return torch.where(confident[..., None, None], drawn, heatmaps), confident


def trusts_itself(own: Tensor, other: Tensor, margin: float = 0.05) -> Tensor:
    """Joints for which a student keeps its own pseudo-heatmap (Yu24, Eq. 7).

    Args:
        own, other (Tensor): The two students' uncertainty, (B, J).
        margin (float): Δ.

    Returns:
        Tensor: bool (B, J): ``own + margin < other``.
    """
    return own + margin < other
