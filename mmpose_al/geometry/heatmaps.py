"""What is read off heatmaps, in batches and on the device.

Notation: batch size B, keypoints K, heatmap size (h, w).
"""

from typing import Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor

_AT_ONCE = 2**18  # pixels in an operation on the CPU: its cache still holds them


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
            flat.gather(-1, (index + step)[..., None].clamp(0, flat.shape[-1] - 1)).squeeze(-1)
            for step in (-stride, 0, stride)
        )
        curvature = before - 2 * here + after
        usable = inner & (curvature < 0)
        safe = torch.where(usable, curvature, torch.ones_like(curvature))
        shift = (0.5 * (before - after) / safe).clamp(-0.5, 0.5)
        return torch.where(usable, shift, torch.zeros_like(shift))

    shifts = torch.stack([offset(x, 1, width), offset(y, width, height)], -1)
    return positions + shifts, values


def gaussians(
    centers: Tensor, size: Tuple[int, int], sigma: Union[float, Sequence[float]]
) -> Tensor:
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
    along_x = torch.exp(-0.5 * (x / scale[0]) ** 2)
    along_y = torch.exp(-0.5 * (y / scale[1]) ** 2)
    return along_y[..., :, None] * along_x[..., None, :]


def local_peaks(heatmaps: Tensor, kernel: int = 5, floor: float = 0.05) -> Tensor:
    """Which pixels are the maximum of their neighbourhood and above a floor.

    A peak exceeds what comes before it in reading order and is no lower than what comes
    after it, so that a plateau has one, its first pixel. A heatmap that nowhere exceeds
    the floor has one peak, its maximum.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        kernel (int): Side of the square neighbourhood, odd.
        floor (float): Smallest value of a peak.

    Returns:
        Tensor: bool (B, K, h, w).
    """
    if kernel < 3 or kernel % 2 == 0:
        raise ValueError(f'kernel is an odd number of pixels, at least 3; got {kernel}')
    step = max(1, _AT_ONCE // max(1, heatmaps[:1].numel()))
    if heatmaps.device.type != 'cpu' or step >= len(heatmaps):
        return _local_peaks(heatmaps, kernel, floor)
    return torch.cat([_local_peaks(part, kernel, floor) for part in heatmaps.split(step)])


def _local_peaks(heatmaps: Tensor, kernel: int, floor: float) -> Tensor:
    radius = kernel // 2
    padded = F.pad(heatmaps, [radius] * 4, value=-torch.inf)
    # As one long row: a window that runs over the end of a row of pixels meets padding.
    flat = padded.flatten()
    row = heatmaps.shape[-1] + 2 * radius
    num = len(flat) - 2 * radius * row - 2 * radius  # corners of windows

    def part(values: Tensor, rows: int, columns: int) -> Tensor:
        return values[rows * row + columns :][:num]

    side = _running_max(flat, radius, 1)  # r pixels
    line = torch.maximum(side[: -radius - 1], side[radius + 1 :])  # 2 r + 1, but ...
    torch.maximum(line, flat[radius:][: len(line)], out=line)  # ... for the middle one
    block = _running_max(line, radius, row)  # r rows of them
    earlier = torch.maximum(part(block, 0, 0), part(side, radius, 0))
    later = torch.maximum(part(block, radius + 1, 0), part(side, radius, radius + 1))
    center = part(flat, radius, radius)
    # 0 and 1 in the numbers' own type: several times faster on the CPU than bool.
    peak = earlier.clamp_(min=floor).lt_(center).mul_(later.le_(center))
    peak = peak.as_strided(heatmaps.shape, (padded.stride(0), padded.stride(1), row, 1)).bool()
    none = ~(heatmaps.flatten(2).amax(-1) > floor)
    if bool(none.any()):
        only = heatmaps[none].flatten(1).argmax(-1)
        peak = peak.contiguous()
        peak[none] = F.one_hot(only, heatmaps[0, 0].numel()).bool().view(-1, *heatmaps.shape[2:])
    return peak


def _running_max(values: Tensor, count: int, stride: int) -> Tensor:
    """Maximum of ``count`` values of a row that lie ``stride`` apart, by doubling."""
    covered = 1
    while covered < count:
        step = min(covered, count - covered) * stride
        values = torch.maximum(values[: len(values) - step], values[step:])
        covered += step // stride
    return values


def best_vs_second_best(heatmaps: Tensor, peak: Tensor, values: Optional[Tensor] = None) -> Tensor:
    """Margin between the two highest local maxima (BSB; Feng23, Eq. 1).

    Of the heatmap's softmax over the grid; a keypoint with one peak has 0 for the
    second.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        peak (Tensor): From :func:`local_peaks`.
        values (Tensor, optional): From :func:`peak_values`, if that is known.

    Returns:
        Tensor: Shape (B, K); small is uncertain.
    """
    total = heatmaps.flatten(2).logsumexp(-1)
    values = peak_values(heatmaps, peak) if values is None else values
    top = values.topk(2, -1).values
    share = (top - total[..., None]).exp()
    return share[..., 0] - share[..., 1]


def peak_values(heatmaps: Tensor, peak: Tensor) -> Tensor:
    """Values at the peaks, in reading order.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        peak (Tensor): From :func:`local_peaks`.

    Returns:
        Tensor: Shape (B, K, M) with the M peaks of the heatmap that has most, at least
        2; minus infinity where a heatmap has fewer.
    """
    batch, joints, height, width = heatmaps.shape
    index = _nonzero(peak.flatten())
    owner = torch.div(index, height * width, rounding_mode='floor')
    counts = torch.bincount(owner, minlength=batch * joints)
    place = torch.arange(len(index), device=index.device) - (counts.cumsum(0) - counts)[owner]
    most = max(2, int(counts.max())) if len(counts) else 2
    table = heatmaps.new_full((batch * joints, most), -torch.inf)
    table[owner, place] = heatmaps.flatten()[index]
    return table.view(batch, joints, most)


def _nonzero(marks: Tensor) -> Tensor:
    """Index of what is set in a bool (n, ) that is nearly empty, by eights."""
    if len(marks) % 8:
        return marks.nonzero().squeeze(1)
    some = marks.view(torch.int64).nonzero()
    return (some * 8 + torch.arange(8, device=marks.device))[marks.view(-1, 8)[some.squeeze(1)]]


def multi_peak_entropy(heatmaps: Tensor, peak: Tensor, values: Optional[Tensor] = None) -> Tensor:
    """Entropy of the softmax of the values at the peaks (MPE; Feng23, Eq. 2, 3).

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        peak (Tensor): From :func:`local_peaks`.
        values (Tensor, optional): From :func:`peak_values`, if that is known.

    Returns:
        Tensor: Shape (B, K), in nats; 0 with one peak.
    """
    values = peak_values(heatmaps, peak) if values is None else values
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
    share = (heatmaps.to(dtype) * temperature).flatten(2).softmax(-1).view(heatmaps.shape)
    x = torch.arange(heatmaps.shape[-1], device=heatmaps.device, dtype=dtype)
    y = torch.arange(heatmaps.shape[-2], device=heatmaps.device, dtype=dtype)
    return torch.stack([(share.sum(-2) * x).sum(-1), (share.sum(-1) * y).sum(-1)], -1), share


def sample_at(heatmaps: Tensor, positions: Tensor) -> Tensor:
    """Heatmap values at sub-pixel positions, bilinear; 0 outside, NaN at no position.

    Args:
        heatmaps (Tensor): Shape (B, K, h, w).
        positions (Tensor): (x, y) in heatmap pixels, (B, K, 2). Others than finite
            ones are none.

    Returns:
        Tensor: Shape (B, K).
    """
    height, width = heatmaps.shape[-2:]
    finite = positions.isfinite().all(-1)
    # An index of NaN would be outside of the memory.
    x, y = positions.masked_fill(~finite[..., None], 0).unbind(-1)
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
    return total.masked_fill(~finite, torch.nan)
