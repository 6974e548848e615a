"""2.5D poses: image coordinates and relative depth, and the 3D poses behind them.

A pose is normalised by the distance s of a pair of joints (k, l), neck and pelvis in
Iqbal20, so that this pair has distance 1 (Eq. 1). Its 2.5D form is (u_j, v_j, z_j^r),
pixels and normalised depth relative to a root joint. One convention of sign, that of
Eq. 2 (Sec. 3.1 of the paper writes the opposite): ``z_j = z_root + z_j^r``, so a joint
behind the root has a positive z^r.

Notation: joints J; poses are in camera coordinates (x right, y down, z forward).
"""

from typing import NamedTuple, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from .cameras import project, undistort

Joints = Union[int, Sequence[int]]  # a joint, or several, whose mean is meant

# Below, a pose does not tell its depth: the sine of the angle between the pair's rays,
# and the share of the pair's unit length that is left along the image.
MIN_ANGLE, MIN_LENGTH = 0.01, 1e-3


class Reconstruction(NamedTuple):
    """Attributes:
    points (Tensor): Normalised camera coordinates, (..., J, 3). Finite, but
        without meaning, where not valid.
    valid (Tensor): Poses whose root depth is defined, bool (...).
    """

    points: Tensor
    valid: Tensor


def rays(pixels: Tensor, K: Tensor, dist: Optional[Tensor] = None) -> Tensor:
    """``K^-1 [u, v, 1]``: directions (..., J, 3) with z = 1 of pixels (..., J, 2).

    NaN where no ray has this image (:func:`~mmpose_al.geometry.cameras.undistort`).
    """
    ideal = undistort(pixels, K, dist) - K[..., None, :2, 2]
    a, b = K[..., None, 0, 0], K[..., None, 0, 1]
    c, d = K[..., None, 1, 0], K[..., None, 1, 1]
    det = a * d - b * c
    u, v = ideal[..., 0], ideal[..., 1]
    return torch.stack([(d * u - b * v) / det, (a * v - c * u) / det, torch.ones_like(u)], -1)


def root_depth(directions: Tensor, relative: Tensor, pair: Sequence[int]) -> Tuple[Tensor, Tensor]:
    """Normalised depth of the root, from the pair's unit distance (Iqbal20, Eq. 3).

    ``|| (z + z_k) X_k - (z + z_l) X_l || = 1`` is quadratic in z; the larger solution
    is the one in front of the camera.

    Args:
        directions (Tensor): From :func:`rays`, (..., J, 3).
        relative (Tensor): z^r, (..., J).
        pair (Sequence[int]): Joints k and l.

    Returns:
        tuple: z (...), and whether it is defined, bool (...): the pair has rays, which
        are not parallel, the discriminant is not below (or next to) zero, and both joints are
        in front of the camera. Where it is not, z is finite and has no gradient.
    """
    z_k, z_l = relative[..., pair[0]], relative[..., pair[1]]
    left, along, length, apart = _quadratic(directions, relative, pair)
    enough = left > MIN_LENGTH
    reach = torch.where(enough, left, torch.ones_like(left)).sqrt()
    depth = (reach - along) / length
    front = (depth + torch.minimum(z_k, z_l)) > 0
    valid = apart & enough & front & torch.isfinite(depth)
    return torch.where(valid, depth, torch.ones_like(depth)), valid


def length_left(directions: Tensor, relative: Tensor, pair: Sequence[int]) -> Tensor:
    """The discriminant of :func:`root_depth`, (...): below 0 the pose has no depth.

    It is 1 where both joints of the pair are equally deep, and falls with the square of
    their distance in depth. Differentiable where the reconstruction is masked, too; a
    constant 1 where a joint of the pair has no ray.
    """
    return _quadratic(directions, relative, pair)[0]


def _quadratic(directions: Tensor, relative: Tensor, pair: Sequence[int]) -> tuple:
    """What is left of the pair's unit length, its part along the rays' difference, the
    length of that difference, and whether the rays differ; (...) each."""
    both = directions[..., list(pair), :]
    known = torch.isfinite(both).all(-1).all(-1)[..., None, None]
    X_k, X_l = torch.where(known, both, torch.zeros_like(both)).unbind(-2)
    across = X_k - X_l
    offset = relative[..., pair[0], None] * X_k - relative[..., pair[1], None] * X_l
    squared = (across * across).sum(-1)
    apart = squared > MIN_ANGLE**2
    length = torch.where(apart, squared, torch.ones_like(squared)).sqrt()
    along = (across * offset).sum(-1) / length
    return 1 - (offset * offset).sum(-1) + along * along, along, length, apart


def reconstruct(
    pixels: Tensor, relative: Tensor, K: Tensor, pair: Sequence[int], dist: Optional[Tensor] = None
) -> Reconstruction:
    """Normalised 3D pose of a 2.5D pose (Iqbal20, Eq. 2). Differentiable.

    Args:
        pixels (Tensor): (u, v), shape (..., J, 2).
        relative (Tensor): z^r, shape (..., J).
        K (Tensor): Intrinsics of the image that the pixels are in, (..., 3, 3).
        pair (Sequence[int]): Joints whose distance is 1.
        dist (Tensor, optional): Distortion, (..., D).
    """
    directions = rays(pixels, K, dist)
    depth, valid = root_depth(directions, relative, pair)
    # Before the product: the gradient of 0 times NaN is NaN.
    known = torch.isfinite(directions).all(-1)
    directions = torch.where(known[..., None], directions, torch.zeros_like(directions))
    points = (depth[..., None] + relative)[..., None] * directions
    finite = torch.isfinite(points).all(-1).all(-1)
    valid = valid & finite & known.all(-1)
    points = torch.where(finite[..., None, None], points, torch.zeros_like(points))
    return Reconstruction(points, valid)


def to_2p5d(
    points: Tensor, K: Tensor, pair: Sequence[int], root: int, dist: Optional[Tensor] = None
) -> Tuple[Tensor, Tensor, Tensor]:
    """2.5D form of a pose in camera coordinates, any unit: the inverse.

    Args:
        points (Tensor): Shape (..., J, 3).
        K, pair, dist: As in :func:`reconstruct`.
        root (int): The root joint.

    Returns:
        tuple: Pixels (..., J, 2), NaN behind the camera; z^r (..., J); and s (...), the
        pair's distance in the unit of ``points``. z^r is NaN where s is 0.
    """
    eye = torch.eye(3, dtype=points.dtype, device=points.device)
    pixels, depth = project(points, K, eye, points.new_zeros(3), dist)
    scale = torch.linalg.vector_norm(points[..., pair[0], :] - points[..., pair[1], :], dim=-1)
    relative = (depth - depth[..., root : root + 1]) / scale[..., None]
    return pixels, relative, scale


def limb_lengths(points: Tensor, limbs: Sequence[Tuple[int, int]]) -> Tensor:
    """Lengths (..., E) of limbs (E pairs of joints) of poses (..., J, 3).

    The gradient of a limb of length 0 is 0.
    """
    first, second = (torch.as_tensor(list(ends), device=points.device) for ends in zip(*limbs))
    squared = ((points[..., first, :] - points[..., second, :]) ** 2).sum(-1)
    some = squared > 0
    length = torch.where(some, squared, torch.ones_like(squared)).sqrt()
    return torch.where(some, length, torch.zeros_like(length))


def signed_volumes(points: Tensor, triples: Sequence[Sequence[Tuple[Joints, Joints]]]) -> Tensor:
    """Triple products ``(a x b) . c`` of poses (..., J, 3), shape (..., T).

    Their sign tells a pose from its mirror image.

    Args:
        points (Tensor): Shape (..., J, 3).
        triples (Sequence): T times three vectors (to, from); an end is a joint or
            several, whose mean it is.
    """

    def end(joints: Joints) -> Tensor:
        joints = [joints] if isinstance(joints, int) else list(joints)
        return points[..., joints, :].mean(-2)

    def volume(triple: Sequence[Tuple[Joints, Joints]]) -> Tensor:
        a, b, c = (end(to) - end(start) for to, start in triple)
        return (torch.cross(a, b, dim=-1) * c).sum(-1)

    return torch.stack([volume(triple) for triple in triples], -1)


def scale_from_limbs(
    points: Tensor,
    limbs: Sequence[Tuple[int, int]],
    mean_lengths: Tensor,
    weights: Optional[Tensor] = None,
) -> Tensor:
    """The scale that brings limbs nearest to their mean lengths (Iqbal20, Eq. 12).

    ``argmin_s Σ w (s l - μ)² = Σ w l μ / Σ w l²``.

    Args:
        points (Tensor): Normalised poses, (..., J, 3).
        limbs (Sequence): E pairs of joints.
        mean_lengths (Tensor): μ in any unit, (E, ).
        weights (Tensor, optional): Of the limbs, (..., E).

    Returns:
        Tensor: Shape (...); NaN where no limb has a length and a weight.
    """
    lengths = limb_lengths(points, limbs)
    mean_lengths = mean_lengths.to(lengths)
    weights = torch.ones_like(lengths) if weights is None else weights
    bottom = (weights * lengths * lengths).sum(-1)
    top = (weights * lengths * mean_lengths).sum(-1)
    nan = torch.full_like(bottom, float('nan'))
    return torch.where(
        bottom > 0, top / torch.where(bottom > 0, bottom, torch.ones_like(bottom)), nan
    )
