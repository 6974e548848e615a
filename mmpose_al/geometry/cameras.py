"""Pinhole cameras with OpenCV's distortion: project, undistort, unproject.

Notation
    - a camera is ``K`` (3, 3) in pixels, ``R`` (3, 3), ``t`` (3, ) and ``dist`` (D, );
      a world point X has the camera coordinates ``R X + t``, the camera looks along
      +z, x points right and y down
    - ``K`` maps normalised (x / z, y / z) to pixels; its last row is (0, 0, 1), its
      upper left 2 x 2 block may be any regular matrix (skew, a rotated crop)
    - ``dist`` holds 0, 4, 5, 8, 12 or 14 numbers in OpenCV's order
      k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4 [tau_x tau_y]]]]; None is an ideal pinhole
    - pixel centres stand at whole numbers; the world's unit is free, but one for
      points, ``t`` and depths

Leading dimensions broadcast; every function keeps dtype and device and is
differentiable. Products are written out as sums, because a matmul under autocast
would round coordinates to half precision.
"""

from typing import List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from . import DIST_LENGTHS

# Coefficients p2, s1, s2 and tau_y, which change their sign where the image is mirrored.
ODD_IN_X = [3, 8, 9, 13]

# Inverting the distortion, in normalised coordinates: iterations until there is no
# solution, the last steps in float32 and in full, the residual that is a solution.
_MAX_NEWTON, _SETTLED, _SQUARED_AWAY, _SOLVED = 20, 3e-4, 2e-6, 1e-5


class Jacobian(NamedTuple):
    """Derivative of distorted by ideal normalised coordinates, entry by entry."""

    xx: Tensor
    xy: Tensor
    yx: Tensor
    yy: Tensor

    def det(self) -> Tensor:
        return self.xx * self.yy - self.xy * self.yx


def project(
    points: Tensor, K: Tensor, R: Tensor, t: Tensor, dist: Optional[Tensor] = None
) -> Tuple[Tensor, Tensor]:
    """World points in pixels, as ``cv2.projectPoints``.

    Args:
        points (Tensor): Shape (..., N, 3).
        K (Tensor): Shape (..., 3, 3).
        R (Tensor): Shape (..., 3, 3).
        t (Tensor): Shape (..., 3).
        dist (Tensor, optional): Shape (..., D).

    Returns:
        tuple: Pixels (..., N, 2), NaN where the depth is not positive (behind the
        camera there is no image), and depths along the view (..., N).
    """
    camera = _rotate(R[..., None, :, :], points) + t[..., None, :]
    depth = camera[..., 2]
    front = depth > 0
    z = torch.where(front, depth, torch.ones_like(depth))
    x, y = camera[..., 0] / z, camera[..., 1] / z
    k = coefficients(dist)
    if k:
        x, y = distort(x, y, [c[..., None] for c in k])
    pixels = torch.stack(
        torch.broadcast_tensors(
            K[..., None, 0, 0] * x + K[..., None, 0, 1] * y + K[..., None, 0, 2],
            K[..., None, 1, 0] * x + K[..., None, 1, 1] * y + K[..., None, 1, 2],
        ),
        -1,
    )
    nan = pixels.new_full((), float('nan'))
    return torch.where(front[..., None], pixels, nan), depth


def undistort(pixels: Tensor, K: Tensor, dist: Optional[Tensor]) -> Tensor:
    """Where an ideal pinhole of the same ``K`` would have seen the same points.

    The distortion is inverted by Newton's method to the precision of the dtype
    (OpenCV's ``undistortPoints`` stops after five fixed-point steps by default).

    Args:
        pixels (Tensor): Shape (..., N, 2).
        K (Tensor): Shape (..., 3, 3).
        dist (Tensor, optional): Shape (..., D).

    Returns:
        Tensor: Shape (..., N, 2). NaN where no ray has this image: beyond the
        radius at which the distortion folds back, where ``K`` is singular, or
        where the input is NaN.
    """
    k = coefficients(dist)
    if not k:
        return pixels
    # Zeros in place of NaN, so that gradients to K and dist stay finite.
    known = torch.isfinite(pixels).all(-1)
    x, y = _normalise(pixels.masked_fill(~known[..., None], 0), K)
    x, y, _, solved = undistort_normalised(x, y, [c[..., None] for c in k])
    ideal = torch.stack(
        torch.broadcast_tensors(
            K[..., None, 0, 0] * x + K[..., None, 0, 1] * y + K[..., None, 0, 2],
            K[..., None, 1, 0] * x + K[..., None, 1, 1] * y + K[..., None, 1, 2],
        ),
        -1,
    )
    solved = (solved & known)[..., None]
    return torch.where(solved, ideal, ideal.new_full((), float('nan')))


def unproject(
    pixels: Tensor, depth: Tensor, K: Tensor, R: Tensor, t: Tensor, dist: Optional[Tensor] = None
) -> Tensor:
    """World points of pixels at known depths: the inverse of :func:`project`.

    Args:
        pixels (Tensor): Shape (..., N, 2).
        depth (Tensor): Along the view (z, not the distance), shape (..., N).
        K, R, t, dist: As in :func:`project`; ``R`` is a rotation.

    Returns:
        Tensor: Shape (..., N, 3); NaN as in :func:`undistort`.
    """
    x, y = _normalise(undistort(pixels, K, dist), K)
    camera = torch.stack(torch.broadcast_tensors(x * depth, y * depth, depth), -1)
    return _rotate(R.transpose(-1, -2)[..., None, :, :], camera - t[..., None, :])


def transform_intrinsics(K: Tensor, matrix: Tensor) -> Tensor:
    """Intrinsics of the image that an affine map makes (crop, resize, rotate, flip).

    ``dist`` stays what it was: it acts before ``K``. A flip gives a ``K`` with a
    negative determinant, which every function here takes.

    Args:
        K (Tensor): Shape (..., 3, 3).
        matrix (Tensor): Map from source to output pixels, shape (..., 2, 3), as in
            :mod:`mmpose_al.geometry.affine`.

    Returns:
        Tensor: Shape (..., 3, 3).
    """
    top = (matrix[..., :, :, None] * K[..., None, :, :]).sum(-2)
    return torch.cat([top, K[..., 2:, :].expand(top.shape[:-2] + (1, 3))], -2)


def camera_centers(R: Tensor, t: Tensor) -> Tensor:
    """Where the cameras stand in the world, (..., 3): -R^T t."""
    return -_rotate(R.transpose(-1, -2), t)


def pad_distortion(dist: Optional[Tensor], to: int = 14) -> Tensor:
    """Distortion coefficients (..., D) filled up with zeros to (..., to).

    None gives ``to`` zeros, shape (to, ). Lengths other than OpenCV's, or ``to``
    below D, are a ValueError.
    """
    if to not in DIST_LENGTHS:
        raise ValueError(f'to = {to}: OpenCV has {DIST_LENGTHS} coefficients')
    if dist is None:
        return torch.zeros(to)
    length = len(coefficients(dist))
    if length > to:
        raise ValueError(f'{length} coefficients do not fit into to = {to}')
    return torch.cat([dist, dist.new_zeros(dist.shape[:-1] + (to - length,))], -1)


def trim_distortion(dist: Optional[Tensor]) -> Optional[Tensor]:
    """The inverse of :func:`pad_distortion`: coefficients without zeros at the end.

    The same cameras, at less cost: a lens of five coefficients needs no tilted sensor.

    Args:
        dist (Tensor, optional): Shape (..., D).

    Returns:
        Tensor, optional: Shape (..., D') with the smallest D' of OpenCV's lengths; None
        where all are zero.
    """
    used = [i for i, each in enumerate(coefficients(dist), 1) if each.any()]
    if dist is None or not used:
        return None
    return dist[..., : next(length for length in DIST_LENGTHS if length >= used[-1])]


# ------------------------------------------------------------ normalised coordinates


def coefficients(dist: Optional[Tensor]) -> List[Tensor]:
    """``dist`` (..., D) as a list of D tensors (...); empty for an ideal pinhole."""
    if dist is None:
        return []
    if dist.shape[-1] not in DIST_LENGTHS:
        raise ValueError(
            f'dist has {dist.shape[-1]} coefficients (shape {tuple(dist.shape)}); '
            f"OpenCV's order has {DIST_LENGTHS}: fill up with zeros"
        )
    return list(dist.unbind(-1))


def distort(x: Tensor, y: Tensor, k: List[Tensor]) -> Tuple[Tensor, Tensor]:
    """Distorted normalised coordinates; ``k`` from :func:`coefficients`."""
    r2 = x * x + y * y
    radial = _radial(r2, k)
    xy2 = 2 * x * y
    out_x = x * radial + k[2] * xy2 + k[3] * (r2 + 2 * x * x)
    out_y = y * radial + k[2] * (r2 + 2 * y * y) + k[3] * xy2
    if len(k) >= 12:
        out_x = out_x + r2 * (k[8] + k[9] * r2)
        out_y = out_y + r2 * (k[10] + k[11] * r2)
    if len(k) == 14:
        tilt = _tilt(k[12], k[13])
        w = tilt[2][0] * out_x + tilt[2][1] * out_y + tilt[2][2]
        out_x, out_y = [(row[0] * out_x + row[1] * out_y + row[2]) / w for row in tilt[:2]]
    return out_x, out_y


def distort_with_jacobian(x: Tensor, y: Tensor, k: List[Tensor]) -> Tuple[Tensor, Tensor, Jacobian]:
    """As :func:`distort`, with the derivative by x and y."""
    xx, yy, xy = x * x, y * y, x * y
    r2 = xx + yy
    radial, slope = _radial_with_slope(r2, k)
    out_x = x * radial + 2 * k[2] * xy + k[3] * (r2 + 2 * xx)
    out_y = y * radial + k[2] * (r2 + 2 * yy) + 2 * k[3] * xy
    mixed = 2 * (slope * xy + k[2] * x + k[3] * y)
    jac = Jacobian(
        radial + 2 * (slope * xx + k[2] * y + 3 * k[3] * x),
        mixed,
        mixed,
        radial + 2 * (slope * yy + 3 * k[2] * y + k[3] * x),
    )
    if len(k) >= 12:
        out_x = out_x + r2 * (k[8] + k[9] * r2)
        out_y = out_y + r2 * (k[10] + k[11] * r2)
        prism_x = 2 * (k[8] + 2 * k[9] * r2)
        prism_y = 2 * (k[10] + 2 * k[11] * r2)
        jac = Jacobian(
            jac.xx + prism_x * x, jac.xy + prism_x * y, jac.yx + prism_y * x, jac.yy + prism_y * y
        )
    if len(k) == 14:
        a, b, c = _tilt(k[12], k[13])
        w = c[0] * out_x + c[1] * out_y + c[2]
        out_x, out_y = [(row[0] * out_x + row[1] * out_y + row[2]) / w for row in (a, b)]
        ax, ay = (a[0] - out_x * c[0]) / w, (a[1] - out_x * c[1]) / w
        bx, by = (b[0] - out_y * c[0]) / w, (b[1] - out_y * c[1]) / w
        jac = Jacobian(
            ax * jac.xx + ay * jac.yx,
            ax * jac.xy + ay * jac.yy,
            bx * jac.xx + by * jac.yx,
            bx * jac.xy + by * jac.yy,
        )
    return out_x, out_y, jac


def undistort_normalised(
    x: Tensor, y: Tensor, k: List[Tensor]
) -> Tuple[Tensor, Tensor, Jacobian, Tensor]:
    """Ideal normalised coordinates of distorted ones.

    Returns:
        tuple: x, y; the Jacobian of the distortion there; and where a solution was
        found (elsewhere x and y mean nothing).
    """
    with torch.no_grad():
        # A step in full precision squares what float32 leaves of the error.
        short = [c.detach().float() for c in (x, y, *k)]
        x0, y0, k0 = short[0], short[1], short[2:]
        guess = _radial(x0 * x0 + y0 * y0, k0).clamp(min=0.5)
        u, v = x0 / guess, y0 / guess
        for _ in range(_MAX_NEWTON):
            du, dv = _newton_step(u, v, x0, y0, k0)[:2]
            u, v = u - du, v - dv
            if not (du * du + dv * dv > _SETTLED**2).any():
                break
        u, v = u.to(x.dtype), v.to(y.dtype)
    for _ in range(_MAX_NEWTON):
        # A step from the constant (u, v) has the derivative of the solution.
        du, dv, error, jac = _newton_step(u, v, x, y, k)
        far = (du * du + dv * dv > _SQUARED_AWAY**2) & (error < _SOLVED)
        if not far.any():
            break
        u, v = (u - du).detach(), (v - dv).detach()  # near the fold only
    # Beyond the fold one of the Jacobian's eigenvalues is negative, or both are.
    solved = (error < _SOLVED) & (jac.det() > 0) & (jac.xx + jac.yy > 0)
    if not solved.all():
        # The centre elsewhere: 0 times a derivative beyond all bounds is NaN.
        x, y, u, v = (torch.where(solved, value, torch.zeros_like(value)) for value in (x, y, u, v))
        du, dv = _newton_step(u, v, x, y, k)[:2]
    return u - du, v - dv, jac, solved


def _newton_step(
    u: Tensor, v: Tensor, x: Tensor, y: Tensor, k: List[Tensor]
) -> Tuple[Tensor, Tensor, Tensor, Jacobian]:
    out_x, out_y, jac = distort_with_jacobian(u, v, k)
    error_x, error_y = out_x - x, out_y - y
    det = jac.det().detach()
    det = torch.where(det == 0, torch.ones_like(det), det)
    du = (jac.yy.detach() * error_x - jac.xy.detach() * error_y) / det
    dv = (jac.xx.detach() * error_y - jac.yx.detach() * error_x) / det
    error = torch.maximum(error_x.detach().abs(), error_y.detach().abs())
    return du, dv, error, jac


def _radial(r2: Tensor, k: List[Tensor]) -> Tensor:
    """The radial factor."""
    top = _radial_top(r2, k)
    return top if len(k) < 8 else top / _radial_bottom(r2, k)


def _radial_with_slope(r2: Tensor, k: List[Tensor]) -> Tuple[Tensor, Tensor]:
    """The radial factor, and its derivative by r2."""
    top = _radial_top(r2, k)
    d_top = k[0] + r2 * (2 * k[1] + 3 * _third(k) * r2)
    if len(k) < 8:
        return top, d_top
    bottom = _radial_bottom(r2, k)
    factor = top / bottom
    d_bottom = k[5] + r2 * (2 * k[6] + 3 * k[7] * r2)
    return factor, (d_top - factor * d_bottom) / bottom


def _radial_top(r2: Tensor, k: List[Tensor]) -> Tensor:
    return 1 + r2 * (k[0] + r2 * (k[1] + r2 * _third(k)))


def _radial_bottom(r2: Tensor, k: List[Tensor]) -> Tensor:
    return 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]))


def _third(k: List[Tensor]) -> Tensor:
    """The coefficient of r**6, which OpenCV puts behind the tangential ones."""
    return k[4] if len(k) > 4 else torch.zeros_like(k[0])


def _tilt(tau_x: Tensor, tau_y: Tensor) -> List[List[Tensor]]:
    """The homography of a tilted sensor, rows of entries (OpenCV's matTilt)."""
    cx, sx, cy, sy = tau_x.cos(), tau_x.sin(), tau_y.cos(), tau_y.sin()
    zero = torch.zeros_like(cx)
    rotation = [[cy, sy * sx, -sy * cx], [zero, cx, sx], [sy, -cy * sx, cy * cx]]
    a, b, c = rotation
    return [
        [c[2] * p - a[2] * q for p, q in zip(a, c)],
        [c[2] * p - b[2] * q for p, q in zip(b, c)],
        c,
    ]


def _normalise(pixels: Tensor, K: Tensor) -> Tuple[Tensor, Tensor]:
    a, b = K[..., None, 0, 0], K[..., None, 0, 1]
    c, d = K[..., None, 1, 0], K[..., None, 1, 1]
    u = pixels[..., 0] - K[..., None, 0, 2]
    v = pixels[..., 1] - K[..., None, 1, 2]
    det = a * d - b * c
    det = torch.where(det == 0, torch.full_like(det, float('nan')), det)
    return (d * u - b * v) / det, (a * v - c * u) / det


def _rotate(matrix: Tensor, vectors: Tensor) -> Tensor:
    """matrix (..., 3, 3) times vectors (..., 3)."""
    return (matrix * vectors[..., None, :]).sum(-1)
