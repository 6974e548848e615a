"""What is read off heatmaps, in batches and on the device.

Notation: batch size B, keypoints K, heatmap size (h, w).
"""
from typing import Sequence, Tuple, Union

import torch
import torch.nn.functional as F
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


def _running_max(values: Tensor, kernel: int, dim: int) -> Tensor:
    """Maximum over a centred window of odd size along one dimension, by doubling."""
    radius = kernel // 2
    pad = [0, 0] * (values.dim() - 1 - dim % values.dim()) + [radius, radius]
    window = F.pad(values, pad, value=-torch.inf)
    size = values.shape[dim]
    covered = 1
    while covered < kernel:
        step = min(covered, kernel - covered)
        length = window.shape[dim] - step
        window = torch.maximum(window.narrow(dim, 0, length),
                               window.narrow(dim, step, length))
        covered += step
    return window.narrow(dim, 0, size)


def local_peaks(heatmaps: Tensor, kernel: int = 5, floor: float = 0.05) -> Tensor:
    """Which pixels are the maximum of their neighbourhood and above a floor.

    Of equal neighbours (a plateau) the first in reading order counts. A heatmap that
    nowhere exceeds the floor has one peak, its maximum.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        kernel (int): Side of the square neighbourhood, odd.
        floor (float): Smallest value of a peak.

    Returns:
        Tensor: bool (B, K, h, w).
    """
    if kernel < 3 or kernel % 2 == 0:
        raise ValueError(f'kernel is an odd number of pixels, at least 3; got {kernel}')
    largest = _running_max(_running_max(heatmaps, kernel, -1), kernel, -2)
    peak = (heatmaps == largest) & (heatmaps > floor)
    # Of a plateau, the pixel that no earlier peak is near to.
    width = heatmaps.shape[-1]
    if int(peak.sum()) > 0:
        rank = torch.arange(heatmaps[0, 0].numel(), 0, -1, device=heatmaps.device,
                            dtype=torch.float32).view(-1, width)
        ranked = torch.where(peak, rank, rank.new_zeros(()))
        first = _running_max(_running_max(ranked, kernel, -1), kernel, -2)
        peak = peak & (ranked == first)
    none = ~peak.flatten(2).any(-1)
    if bool(none.any()):
        flat = peak.flatten(2)
        index = heatmaps.flatten(2).argmax(-1, keepdim=True)
        only = torch.zeros_like(flat).scatter_(-1, index, True)
        peak = torch.where(none[..., None], only, flat).view_as(peak)
    return peak


def best_vs_second_best(heatmaps: Tensor, peak: Tensor) -> Tensor:
    """Margin between the two highest local maxima (BSB; Feng23, Eq. 1).

    Of the heatmap's softmax over the grid; a keypoint with one peak has 0 for the
    second.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        peak (Tensor): From :func:`local_peaks`.

    Returns:
        Tensor: Shape (B, K); small is uncertain.
    """
    flat = heatmaps.flatten(2)
    total = flat.logsumexp(-1)
    top = flat.masked_fill(~peak.flatten(2), -torch.inf).topk(2, -1).values
    share = (top - total[..., None]).exp()
    return share[..., 0] - share[..., 1]


def multi_peak_entropy(heatmaps: Tensor, peak: Tensor) -> Tensor:
    """Entropy of the softmax of the values at the peaks (MPE; Feng23, Eq. 2, 3).

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        peak (Tensor): From :func:`local_peaks`.

    Returns:
        Tensor: Shape (B, K), in nats; 0 with one peak.
    """
    values = heatmaps.flatten(2).masked_fill(~peak.flatten(2), -torch.inf)
    values = values - values.amax(-1, keepdim=True)
    weight = values.exp()
    total = weight.sum(-1)
    # -sum p log p with p = w / total and log w = values
    spread = torch.where(weight > 0, weight * values, torch.zeros_like(weight)).sum(-1)
    return total.log() - spread / total


def soft_argmax(heatmaps: Tensor, temperature: float = 50.0) -> Tuple[Tensor, Tensor]:
    """Expected position under the softmax of a heatmap (Iqbal20, Eq. 4).

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        temperature (float): λ, a factor before the softmax.

    Returns:
        tuple: (x, y) in heatmap pixels, (B, K, 2), and the softmax, (B, K, h, w).
        Both in float32 at least.
    """
    dtype = torch.promote_types(heatmaps.dtype, torch.float32)
    share = (heatmaps.to(dtype) * temperature).flatten(2).softmax(-1).view(
        heatmaps.shape)
    x = torch.arange(heatmaps.shape[-1], device=heatmaps.device, dtype=dtype)
    y = torch.arange(heatmaps.shape[-2], device=heatmaps.device, dtype=dtype)
    return torch.stack([(share.sum(-2) * x).sum(-1), (share.sum(-1) * y).sum(-1)],
                       -1), share


def sample_at(heatmaps: Tensor, positions: Tensor) -> Tensor:
    """Heatmap values at sub-pixel positions, bilinear; 0 outside.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        positions (Tensor): (x, y) in heatmap pixels, (B, K, 2).

    Returns:
        Tensor: Shape (B, K).
    """
    height, width = heatmaps.shape[-2:]
    x, y = positions.unbind(-1)
    left, top = x.floor(), y.floor()
    flat = heatmaps.flatten(2)
    total = torch.zeros_like(x)
    for column in (0, 1):
        for row in (0, 1):
            i, j = left + column, top + row
            inside = (i >= 0) & (i < width) & (j >= 0) & (j < height)
            index = (j.clamp(0, height - 1) * width + i.clamp(0, width - 1)).long()
            value = flat.gather(-1, index[..., None]).squeeze(-1)
            weight = (1 - (x - i).abs()) * (1 - (y - j).abs())
            total = total + torch.where(inside, weight * value, torch.zeros_like(x))
    return total
