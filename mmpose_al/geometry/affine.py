"""Affine maps in pixel space, and images, heatmaps and keypoints warped by them.

Notation
    - batch size: B, channels: C, keypoints: K
    - a map is a (B, 2, 3) matrix ``M`` that takes a pixel position ``x`` of the source
      to ``M @ [x, 1]`` of the output; positions are (x, y), pixel centres stand at
      whole numbers, so an image of width W spans [0, W - 1]
    - sizes are (W, H), as in MMPose's codecs

Normalised coordinates appear in :func:`warp` only. Products are written out as sums,
because a matmul under autocast would round coordinates to half precision.
"""

from typing import Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor

Size = Union[Sequence[float], Tensor]


def similarity(
    angle: Tensor, scale: Tensor, size: Tuple[int, int], flip: Optional[Tensor] = None
) -> Tensor:
    """Rotation and scaling about the centre of an image, then an optional mirror.

    Args:
        angle (Tensor): Degrees, shape (B, ); positive turns x towards y (clockwise
            on the screen).
        scale (Tensor): Above 1 makes the content larger, shape (B, ).
        size (tuple): Image size (W, H) in pixels.
        flip (Tensor, optional): Boolean, shape (B, ): mirror left and right after
            rotating and scaling.

    Returns:
        Tensor: Maps, shape (B, 2, 3).
    """
    theta = torch.deg2rad(angle)
    cos, sin = torch.cos(theta) * scale, torch.sin(theta) * scale
    linear = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
    center = (linear.new_tensor(size) - 1) / 2
    if flip is not None:
        sign = torch.ones_like(linear)
        sign[:, 0] = torch.where(flip, -1.0, 1.0).to(linear)[:, None]
        linear = linear * sign
    shift = center - (linear * center).sum(-1)
    return torch.cat([linear, shift[..., None]], -1)


def compose(outer: Tensor, inner: Tensor) -> Tensor:
    """The map that applies ``inner`` first: both and the result (B, 2, 3)."""
    product = (outer[..., :2, None] * inner[..., None, :, :]).sum(-2)
    return torch.cat([product[..., :2], product[..., 2:] + outer[..., 2:]], -1)


def invert(matrix: Tensor) -> Tensor:
    """Inverse maps, shape (B, 2, 3), of maps of the same shape."""
    # Unlike inv, inv_ex does not wait for the device.
    linear = torch.linalg.inv_ex(matrix[..., :2])[0]
    shift = -(linear * matrix[..., None, :, 2]).sum(-1)
    return torch.cat([linear, shift[..., None]], -1)


def transform_points(matrix: Tensor, points: Tensor) -> Tensor:
    """Points (B, K, 2) under maps (B, 2, 3)."""
    turned = (matrix[:, None, :, :2] * points[..., None, :]).sum(-1)
    return turned + matrix[:, None, :, 2]


def rescale(matrix: Tensor, scale_factor: Size, offset: float = 0.0) -> Tensor:
    """The same maps expressed on another pixel grid.

    Args:
        matrix (Tensor): Maps between input pixels, shape (B, 2, 3).
        scale_factor (Sequence): Input pixels per heatmap pixel in x and y: the
            ``scale_factor`` of an MMPose codec (W / w for MSRA and Megvii,
            (W - 1) / (w - 1) for UDP).
        offset (float): So that x_input = scale_factor * (x_heatmap + offset): 0 for
            MSRA and UDP, 0.5 for Megvii.

    Returns:
        Tensor: Maps between heatmap pixels, shape (B, 2, 3).
    """
    factor = torch.as_tensor(scale_factor, dtype=matrix.dtype, device=matrix.device)
    linear = matrix[..., :2] * factor[None, None, :] / factor[None, :, None]
    shift = matrix[..., 2] / factor + offset * (linear.sum(-1) - 1)
    return torch.cat([linear, shift[..., None]], -1)


def _source_positions(matrix: Tensor, size: Tuple[int, int]) -> Tensor:
    """Where each output pixel comes from: (B, H, W, 2) source pixels."""
    width, height = size
    x = torch.arange(width, dtype=matrix.dtype, device=matrix.device)
    y = torch.arange(height, dtype=matrix.dtype, device=matrix.device)
    inverse = invert(matrix)
    along_x = x[None, None, :, None] * inverse[:, None, None, :, 0]
    along_y = y[None, :, None, None] * inverse[:, None, None, :, 1]
    return along_x + along_y + inverse[:, None, None, :, 2]


def warp(images: Tensor, matrix: Tensor, size: Optional[Tuple[int, int]] = None) -> Tensor:
    """Warp images or heatmaps, bilinearly; zero where the source did not reach.

    Args:
        images (Tensor): Shape (B, C, H, W).
        matrix (Tensor): Maps from source to output pixels, shape (B, 2, 3).
        size (tuple, optional): Output size (W, H); the source's by default.

    Returns:
        Tensor: Shape (B, C, H', W'), the dtype of ``images``.
    """
    height, width = images.shape[-2:]
    # Positions in half precision would be whole pixels off.
    dtype = torch.promote_types(images.dtype, torch.float32)
    positions = _source_positions(matrix.to(dtype), size or (width, height))
    span = positions.new_tensor([max(width - 1, 1), max(height - 1, 1)])
    grid = positions * (2.0 / span) - 1.0
    warped = F.grid_sample(
        images.to(dtype), grid, mode='bilinear', padding_mode='zeros', align_corners=True
    )
    return warped.to(images.dtype)


def valid_mask(
    matrix: Tensor,
    size: Tuple[int, int],
    out_size: Optional[Tuple[int, int]] = None,
    tolerance: float = 1e-3,
) -> Tensor:
    """Which output pixels come from inside the source.

    Args:
        matrix (Tensor): Maps from source to output pixels, shape (B, 2, 3).
        size (tuple): Source size (W, H).
        out_size (tuple, optional): Output size; the source's by default.
        tolerance (float): Pixels by which a position may lie outside, so that the
            identity is valid everywhere in spite of rounding.

    Returns:
        Tensor: float 0 or 1, shape (B, 1, H', W').
    """
    positions = _source_positions(matrix.float(), out_size or size)
    limit = positions.new_tensor(size) - 1 + tolerance
    inside = (positions >= -tolerance) & (positions <= limit)
    return inside.all(-1)[:, None].to(matrix.dtype)
