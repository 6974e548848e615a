"""Keypoints of a batch of heatmaps, on the device, as MMPose's codecs decode them."""

from typing import Tuple

import cv2
import numpy as np
import torch
from mmpose.codecs import MSRAHeatmap
from mmpose.models.heads.base_head import BaseHead
from torch import Tensor, nn

from ..geometry.heatmaps import peaks

FLOOR = 1e-10  # below it MMPose takes no logarithm


def decode_on_device(head: nn.Module, heatmaps: Tensor) -> Tuple[Tensor, Tensor]:
    """What ``head.decode`` finds, without its loop over images and joints.

    For MSRA heatmaps, unbiased (DARK) or not; with any other codec it is
    ``head.decode``. It differs from that by rounding, about 1e-3 pixels.

    Args:
        head (nn.Module): MMPose head with a codec.
        heatmaps (Tensor): Shape (B, K, h, w), float32.

    Returns:
        tuple: Keypoints in pixels of the network's input, float64 (B, K, 2), and their
        scores, float32 (B, K), on the device of the heatmaps.
    """
    codec = head.decoder
    if type(codec) is not MSRAHeatmap or type(head).decode is not BaseHead.decode:
        found = head.decode(heatmaps)
        keypoints = np.stack([np.asarray(one.keypoints[0], np.float64) for one in found])
        scores = np.stack([np.asarray(one.keypoint_scores[0]) for one in found])
        return (
            torch.from_numpy(keypoints).to(heatmaps.device),
            torch.from_numpy(scores).to(heatmaps.device),
        )
    places, values = peaks(heatmaps)
    if codec.unbiased:
        places = places + dark_offsets(heatmaps, places.long(), codec.blur_kernel_size)
    else:
        places = places + quarter_offsets(heatmaps, places.long())
    places = torch.where(values[..., None] > 0, places, -torch.ones_like(places)).double()
    return places * places.new_tensor(np.asarray(codec.scale_factor, np.float64)), values


def decode_heatmaps(head: nn.Module, heatmaps: Tensor) -> Tuple[np.ndarray, np.ndarray]:
    """As :func:`decode_on_device`, in NumPy's arrays."""
    keypoints, scores = decode_on_device(head, heatmaps)
    return keypoints.cpu().numpy(), scores.cpu().numpy()


def patches(heatmaps: Tensor, places: Tensor, radius: int) -> Tensor:
    """Squares around pixels; 0 outside of the heatmap.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        places (Tensor): x, y of the centres, int64 (B, K, 2).
        radius (int): The side is 2 radius + 1.

    Returns:
        Tensor: Shape (B, K, side, side).
    """
    height, width = heatmaps.shape[-2:]
    step = torch.arange(-radius, radius + 1, device=heatmaps.device)
    x, y = places[..., 0, None] + step, places[..., 1, None] + step
    inside = ((y >= 0) & (y < height))[..., None] & ((x >= 0) & (x < width))[..., None, :]
    index = (y.clamp(0, height - 1) * width)[..., None] + x.clamp(0, width - 1)[..., None, :]
    found = heatmaps.flatten(2).gather(2, index.flatten(2)).view(index.shape)
    return found.mul_(inside)


def quarter_offsets(heatmaps: Tensor, places: Tensor) -> Tensor:
    """A quarter of a pixel towards the higher neighbour, in x and y, (B, K, 2)."""
    height, width = heatmaps.shape[-2:]
    near = patches(heatmaps, places, 1)
    x, y = places.unbind(-1)
    dx = torch.where(
        (x > 1) & (x < width - 1) & (y > 0),
        near[..., 1, 2] - near[..., 1, 0],
        torch.zeros_like(near[..., 0, 0]),
    )
    dy = torch.where(
        (y > 1) & (y < height - 1) & (x > 0),
        near[..., 2, 1] - near[..., 0, 1],
        torch.zeros_like(dx),
    )
    return 0.25 * torch.stack([dx, dy], -1).sign()


def dark_offsets(heatmaps: Tensor, places: Tensor, kernel: int) -> Tensor:
    """Newton's step on the logarithm of the blurred heatmaps (Zhang20, DARK).

    Only what the step needs is blurred: 5 x 5 pixels around each peak. The factor by
    which MMPose restores the maximum falls out of the derivatives.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        places (Tensor): Peaks, int64 (B, K, 2).
        kernel (int): Side of the Gaussian kernel.

    Returns:
        Tensor: Shape (B, K, 2); 0 within two pixels of the border.
    """
    height, width = heatmaps.shape[-2:]
    radius = kernel // 2
    weights = torch.from_numpy(cv2.getGaussianKernel(kernel, 0)[:, 0]).to(heatmaps)
    near = patches(heatmaps, places, radius + 2)
    blur = heatmaps.new_zeros(kernel + 4, 5)  # a column for each pixel that comes out
    for column in range(5):
        blur[column : column + kernel, column] = weights
    near = blur.t() @ (near @ blur)
    log = near.clamp_(min=FLOOR).log_()
    dx = 0.5 * (log[..., 2, 3] - log[..., 2, 1])
    dy = 0.5 * (log[..., 3, 2] - log[..., 1, 2])
    dxx = 0.25 * (log[..., 2, 4] - 2 * log[..., 2, 2] + log[..., 2, 0])
    dyy = 0.25 * (log[..., 4, 2] - 2 * log[..., 2, 2] + log[..., 0, 2])
    dxy = 0.25 * (log[..., 3, 3] - log[..., 1, 3] - log[..., 3, 1] + log[..., 1, 1])
    determinant = dxx * dyy - dxy**2
    x, y = places.unbind(-1)
    usable = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2) & (determinant != 0)
    safe = torch.where(usable, determinant, torch.ones_like(determinant))
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1) / safe[..., None]
    return step * usable[..., None]
