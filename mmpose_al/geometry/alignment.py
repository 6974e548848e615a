"""Rigid and similarity alignment of point sets: Procrustes and scale.

Points are (..., N, 3), weights (..., N), leading dimensions broadcast. A pair of
points takes part where both are finite and its weight is above 0, so NaN marks
missing joints (a NaN weight too). Weights multiply squared distances.
"""

from typing import Optional, Tuple

import torch
from torch import Tensor
from torch.nn.functional import huber_loss


def procrustes(
    source: Tensor,
    target: Tensor,
    weights: Optional[Tensor] = None,
    scale: bool = False,
    rotation: Optional[Tensor] = None,
) -> Tuple[Tensor, Tensor, Tensor]:
    """The rigid (or similarity) map that brings ``source`` nearest to ``target``.

    Minimises sum_n w_n || s R source_n + t - target_n ||^2 over proper rotations
    (determinant +1, never a mirror), by Kabsch's method; the alignment of P-MPJPE
    with ``scale=True`` and of (Iqbal20, Eq. 8, 10) without.

    Args:
        source (Tensor): Shape (..., N, 3).
        target (Tensor): Shape (..., N, 3).
        weights (Tensor, optional): Shape (..., N).
        scale (bool): Whether to fit s too; else s = 1. Not with ``rotation``.
        rotation (Tensor, optional): R, where it is known; (..., 3, 3).

    Raises:
        ValueError: ``scale`` and ``rotation``.

    Returns:
        tuple: R (..., 3, 3), t (..., 3), s (...). Where the points do not determine
        the rotation (fewer than three, or collinear), one of the best. Without any
        point: the identity. Gradients pass through an SVD, and are undefined where
        two of its values are equal.
    """
    if scale and rotation is not None:
        raise ValueError('with a known rotation the scale is not fitted')
    source, target, w = _shared(source, target, weights)
    total = w.sum(-1)
    share = w / torch.where(total > 0, total, torch.ones_like(total))[..., None]
    source_mean = (share[..., None] * source).sum(-2)
    target_mean = (share[..., None] * target).sum(-2)
    s = torch.ones_like(total)
    if rotation is not None:
        return rotation, target_mean - (rotation * source_mean[..., None, :]).sum(-1), s
    source = source - source_mean[..., None, :]
    target = target - target_mean[..., None, :]
    cross = (share[..., None, None] * target[..., :, None] * source[..., None, :]).sum(-3)
    U, S, Vh = torch.linalg.svd(cross)
    sign = torch.where(torch.linalg.det(U) * torch.linalg.det(Vh) < 0, -1.0, 1.0)
    sign = torch.stack([torch.ones_like(S[..., 0]), torch.ones_like(S[..., 0]), sign.to(S)], -1)
    # Sums, not matmul: autocast would round the rotation to half precision.
    R = ((U * sign[..., None, :])[..., None] * Vh[..., None, :, :]).sum(-2)
    some = (total > 0)[..., None, None]
    R = torch.where(some, R, torch.eye(3, dtype=R.dtype, device=R.device))
    if scale:
        spread = (share * (source * source).sum(-1)).sum(-1)
        s = _ratio((S * sign).sum(-1), spread)
    t = target_mean - s[..., None] * (R * source_mean[..., None, :]).sum(-1)
    return R, t, s


def align_distances(
    source: Tensor,
    target: Tensor,
    weights: Optional[Tensor] = None,
    rotation: Optional[Tensor] = None,
    delta: float = 0.01,
    steps: int = 5,
) -> Tuple[Tensor, Tensor]:
    """The rigid map with the least sum of distances instead of their squares.

    Minimises sum_n w_n :func:`huber` (R source_n + t - target_n), by :func:`procrustes`
    with weights w_n / max(distance_n, delta), again and again (iteratively reweighted
    least squares). Five steps are near the minimum, not at it.

    Args:
        source, target, weights: As in :func:`procrustes`.
        rotation (Tensor, optional): R, if it is known; (..., 3, 3).
        delta (float): Distance below which squares count.
        steps (int): Steps after the first alignment.

    Returns:
        tuple: R (..., 3, 3) and t (..., 3).
    """
    source, target, w = _shared(source, target, weights)
    share = w
    for _ in range(steps + 1):
        R, t, s = procrustes(source, target, share, rotation=rotation)
        far = (target - apply_similarity(source, R, t, s)).norm(dim=-1)
        share = w / far.clamp(min=delta)
    return R, t


def huber(vectors: Tensor, delta: float = 0.01) -> Tensor:
    """Lengths (...) of vectors (..., D), less delta / 2; squares / 2 delta below delta.

    Unlike the length itself it has a gradient at 0.
    """
    length = torch.linalg.vector_norm(vectors, dim=-1)
    return huber_loss(length, torch.zeros_like(length), 'none', delta) / delta


def apply_similarity(points: Tensor, R: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """s R points + t: points (..., N, 3), R (..., 3, 3), t (..., 3), s (...)."""
    rotated = (R[..., None, :, :] * points[..., None, :]).sum(-1)
    return s[..., None, None] * rotated + t[..., None, :]


def best_scale(source: Tensor, target: Tensor, weights: Optional[Tensor] = None) -> Tensor:
    """The factor (...) that minimises sum_n w_n || s source_n - target_n ||^2.

    The scale of N-MPJPE, for poses (..., N, 3) that stand relative to their root.
    Where ``source`` is all zero or no point takes part: 1.
    """
    source, target, w = _shared(source, target, weights)
    return _ratio((w * (source * target).sum(-1)).sum(-1), (w * (source * source).sum(-1)).sum(-1))


def _ratio(top: Tensor, bottom: Tensor) -> Tensor:
    defined = bottom > 0
    ratio = top / torch.where(defined, bottom, torch.ones_like(bottom))
    return torch.where(defined, ratio, torch.ones_like(ratio))


def _shared(
    source: Tensor, target: Tensor, weights: Optional[Tensor]
) -> Tuple[Tensor, Tensor, Tensor]:
    """Both point sets in one shape with zeros where a pair is missing, weights."""
    if source.shape[-1] != 3 or target.shape[-1] != 3:
        raise ValueError(
            f'points are (..., N, 3), not {tuple(source.shape)} and {tuple(target.shape)}'
        )
    dtype = torch.promote_types(torch.promote_types(source.dtype, target.dtype), torch.float32)
    source, target = torch.broadcast_tensors(source.to(dtype), target.to(dtype))
    w = source.new_ones(source.shape[:-1])
    if weights is not None:
        w = w * weights.to(dtype)
    known = torch.isfinite(source).all(-1) & torch.isfinite(target).all(-1) & (w > 0)
    known = known & torch.isfinite(w)
    zero = source.new_zeros(())
    source = torch.where(known[..., None], source, zero)
    target = torch.where(known[..., None], target, zero)
    return source, target, torch.where(known, w, zero)


def disagreement(poses: Tensor) -> Tensor:
    """How far apart several estimates of one pose are, whatever stands where.

    Args:
        poses (Tensor): V estimates, (..., V, N, 3), each in its own coordinates. An
            estimate with a coordinate that is not finite is left out.

    Returns:
        Tensor: Mean distance of points over pairs of estimates after rigid alignment
        (no scale, never mirrored), (...); NaN with fewer than two estimates.
    """
    num = poses.shape[-3]
    first, second = torch.triu_indices(num, num, 1, device=poses.device)
    there = torch.isfinite(poses).all(-1).all(-1)
    both = there[..., first] & there[..., second]
    filled = torch.where(there[..., None, None], poses, torch.zeros_like(poses))
    source, target = filled[..., first, :, :], filled[..., second, :, :]
    moved = apply_similarity(source, *procrustes(source, target))
    gap = (moved - target).norm(dim=-1).mean(-1) * both
    count = both.sum(-1)
    return torch.where(
        count > 0, gap.sum(-1) / count.clamp(min=1), torch.full_like(gap.sum(-1), float('nan'))
    )
