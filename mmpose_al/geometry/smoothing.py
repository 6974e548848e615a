"""Points over time: a constant-velocity Kalman smoother that knows how sure each point is.

The state of a point is its place and velocity; between frames its acceleration is white
noise of the standard deviation ``acceleration`` in each axis, and constant within a step
(Bar-Shalom et al., "Estimation with Applications to Tracking and Navigation", 2001, Sec.
6.3.2). A place is measured with the covariance that the rays leave it. After the filter the
smoother of Rauch, Tung and Striebel goes backwards (AIAA Journal 3 (8), 1965).

Notation: frames F, points J; any unit of length, seconds.
"""

from typing import List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from .cameras import project

_START = 1e3  # standard deviation of what nobody knows yet, times the points' spread
_GRID = torch.logspace(-2.5, 2.5, 21, dtype=torch.float64)
_FREEDOM = 4.0  # degrees of Student's t distribution
_ENOUGH = 600  # frames that tell the acceleration


class Smoothed(NamedTuple):
    """Result of :func:`smooth`.

    Attributes:
        points (Tensor): (F, J, 3); NaN before a point's first measurement, after its last,
            and in gaps that are too long.
        covariance (Tensor): Of them, (F, J, 3, 3).
        log_likelihood (Tensor): Of the measurements but the first two of each point, summed.
    """

    points: Tensor
    covariance: Tensor
    log_likelihood: Tensor


def point_covariance(
    points: Tensor,
    K: Tensor,
    R: Tensor,
    t: Tensor,
    dist: Optional[Tensor] = None,
    weights: Optional[Tensor] = None,
    sigma: float = 1.0,
) -> Tensor:
    """Covariance of triangulated points, of the fit's linearised equations.

    ``sigma**2 (sum_v w_v J_v^T J_v)^-1`` with the derivative J_v of the pixels of view v by the
    point: a view with a high confidence, or near, leaves less doubt.

    Args:
        points (Tensor): (N, 3), float64; NaN where there is none.
        K, R, t, dist: Cameras of V views, (V, ...).
        weights (Tensor, optional): (N, V), 0 where a view took no part; by default 1.
        sigma (float): Standard deviation, in pixels and in each axis, of a view of weight 1.

    Returns:
        Tensor: (N, 3, 3); NaN where the views do not determine the point.
    """
    count, views = len(points), len(K)
    weights = points.new_ones(count, views) if weights is None else weights.to(points)
    scale = (points[:, None] + (R.transpose(-1, -2) @ t[..., None])[None, ..., 0]).norm(dim=-1)
    step = 1e-4 * torch.nan_to_num(scale, nan=1.0).amax(1)[:, None]  # central differences
    axes = torch.eye(3, dtype=points.dtype, device=points.device)
    shifted = [points + sign * step * axis for axis in axes for sign in (1, -1)]
    pixels = torch.stack([project(each[None], K, R, t, dist)[0] for each in shifted])  # 6 V N 2
    jacobian = ((pixels[0::2] - pixels[1::2]) / (2 * step)).permute(2, 1, 3, 0)  # N V 2 3
    used = (weights > 0) & torch.isfinite(jacobian).all(-1).all(-1)
    jacobian = torch.where(used[..., None, None], jacobian, torch.zeros_like(jacobian))
    information = (jacobian.transpose(-1, -2) @ jacobian * (weights * used)[..., None, None]).sum(1)
    size = information.diagonal(dim1=-2, dim2=-1).amax(-1)
    good = (used.sum(1) >= 2) & (size > 0) & torch.isfinite(points).all(-1)
    safe = torch.where(good[:, None, None], information, axes)
    determined = torch.linalg.cond(safe) < 1e12
    covariance = sigma**2 * torch.linalg.inv(torch.where(determined[:, None, None], safe, axes))
    nan = covariance.new_full((), float('nan'))
    return torch.where((good & determined)[:, None, None], covariance, nan)


def smooth(
    points: Tensor,
    covariance: Tensor,
    times: Tensor,
    acceleration: Optional[float] = None,
    max_gap: int = 5,
) -> Smoothed:
    """Smooth points over time, and fill short gaps.

    Args:
        points (Tensor): Measured, (F, J, 3); NaN where not.
        covariance (Tensor): Of the measurements, (F, J, 3, 3); where it is NaN a point
            counts as not measured.
        times (Tensor): Seconds of the frames, rising, (F, ).
        acceleration (float, optional): Standard deviation of the acceleration in each axis,
            units of length per second squared. None: :func:`likely_acceleration`.
        max_gap (int): Longest gap that is filled, in frames.

    Returns:
        Smoothed: On the CPU, float64.

    Raises:
        ValueError: Times that do not rise, or an acceleration that is not above 0.
    """
    points, covariance, times = (x.detach().cpu().double() for x in (points, covariance, times))
    if len(times) > 1 and not bool((times.diff() > 0).all()):
        raise ValueError('times rise from frame to frame')
    measured = torch.isfinite(points).all(-1) & torch.isfinite(covariance).all(-1).all(-1)
    if acceleration is None:
        acceleration = likely_acceleration(points, covariance, times)
    if not acceleration > 0:
        raise ValueError(f'acceleration is above 0; got {acceleration}')
    if not bool(measured.any()):
        empty = [torch.full_like(each, float('nan')) for each in (points, covariance)]
        return Smoothed(empty[0], empty[1], points.new_zeros(()))
    each = points.new_full((points.shape[1],), acceleration)
    states, log_likelihood = _filter(points, covariance, times, measured, each)
    place, spread = _backwards(states)
    shown = _near_measurements(measured, max_gap)
    nan = points.new_full((), float('nan'))
    return Smoothed(
        torch.where(shown[..., None], place[..., :3], nan),
        torch.where(shown[..., None, None], spread[..., :3, :3], nan),
        log_likelihood.sum(),
    )


def smooth_robustly(
    points: Tensor,
    covariance: Tensor,
    times: Tensor,
    acceleration: Optional[float] = None,
    max_gap: int = 5,
    passes: int = 4,
) -> Tuple[Smoothed, float]:
    """:func:`smooth` where some measurements are grossly wrong.

    Errors of measurements follow Student's t distribution with 4 degrees of freedom in place of
    the normal one: after each pass a measurement at the squared Mahalanobis distance d2 from the
    smoothed course has its covariance divided by (4 + 3) / (4 + d2) (Lange et al., "Robust
    statistical modeling using the t distribution", JASA 84, 1989), and the acceleration is
    found anew.

    Args:
        passes (int): At least 1, which is :func:`smooth`. For the others see there.

    Returns:
        tuple: :class:`Smoothed`, and the acceleration of the last pass.
    """
    points, covariance = points.detach().cpu().double(), covariance.detach().cpu().double()
    used = covariance
    for number in range(max(passes, 1)):
        found = likely_acceleration(points, used, times) if acceleration is None else acceleration
        result = smooth(points, used, times, found, max_gap)
        if number + 1 < passes:
            off = (points - result.points)[..., None]
            known = torch.isfinite(off).all(-2) & torch.isfinite(covariance).all(-1)
            known = known.all(-1)[..., None, None]
            eye = torch.eye(3, dtype=points.dtype)
            safe = torch.where(known, covariance, eye)
            off = torch.where(known, off, torch.zeros_like(off))
            distance = off.transpose(-1, -2) @ torch.linalg.solve(safe, off)
            used = covariance * (_FREEDOM + distance) / (_FREEDOM + 3)
    return result, float(found)


def likely_acceleration(points: Tensor, covariance: Tensor, times: Tensor) -> float:
    """The standard deviation of the acceleration under which measurements are likeliest.

    The likeliest of a grid around what second differences of the points say; the first 600
    frames with measurements tell. Arguments as in :func:`smooth`.
    """
    points, covariance, times = (x.detach().cpu().double() for x in (points, covariance, times))
    measured = torch.isfinite(points).all(-1) & torch.isfinite(covariance).all(-1).all(-1)
    rows = measured.any(1).nonzero()[:, 0]
    if len(rows) < 3:
        return 1.0
    part = slice(int(rows[0]), int(rows[0]) + _ENOUGH)
    points, covariance, times = points[part], covariance[part], times[part]
    measured = measured[part]
    bends = points[2:] - 2 * points[1:-1] + points[:-2]
    bends = bends[torch.isfinite(bends).all(-1)].norm(dim=-1)
    step = float(times.diff().median())
    typical = float(bends.median()) / step**2 if len(bends) else 0.0
    if not typical > 0:
        return 1.0
    # All accelerations of the grid go through the filter together, as further points.
    tried = typical * _GRID
    copies, joints = len(tried), points.shape[1]
    values = _filter(
        points.repeat(1, copies, 1),
        covariance.repeat(1, copies, 1, 1),
        times,
        measured.repeat(1, copies),
        tried.repeat_interleave(joints),
    )[1]
    return float(tried[values.reshape(copies, joints).sum(1).argmax()])


class _State(NamedTuple):
    """Of a frame: mean and covariance before and after its measurement, and the transition
    that led to it."""

    before: Tensor  # (J, 6)
    before_spread: Tensor  # (J, 6, 6)
    after: Tensor
    after_spread: Tensor
    transition: Tensor  # (6, 6)


def _filter(
    points: Tensor, covariance: Tensor, times: Tensor, measured: Tensor, acceleration: Tensor
) -> Tuple[List[_State], Tensor]:
    """The forward pass for accelerations (J, ), and the log-likelihoods of measurements (J, )."""
    frames, joints = measured.shape
    eye = torch.eye(3, dtype=points.dtype)
    spread = (
        points[measured].std(0, unbiased=False).norm()
        + covariance[measured].diagonal(dim1=-2, dim2=-1).amax().sqrt()
    )
    span = max(float(times[-1] - times[0]), 1e-9) / max(frames - 1, 1)
    mean = torch.cat([points[measured].mean(0), torch.zeros(3)]).expand(joints, 6)
    width = torch.cat([spread.expand(3), (spread / span).expand(3)]) * _START
    P = torch.diag(width * width).expand(joints, 6, 6)
    seen = torch.zeros(joints, dtype=torch.long)
    log_likelihood = points.new_zeros(joints)
    states: List[_State] = []
    A = torch.eye(6, dtype=points.dtype)
    for frame in range(frames):
        if frame:
            dt = float(times[frame] - times[frame - 1])
            A = torch.eye(6, dtype=points.dtype)
            A[:3, 3:] = dt * eye
            G = torch.cat([0.5 * dt * dt * eye, dt * eye])
            Q = (acceleration * acceleration)[:, None, None] * (G @ G.T)
            mean, P = mean @ A.T, A @ P @ A.T + Q
        now = measured[frame]
        after, after_P, value = _update(mean, P, points[frame], covariance[frame], now)
        log_likelihood = log_likelihood + torch.where(
            now & (seen >= 2), value, torch.zeros_like(value)
        )
        seen = seen + now
        states.append(_State(mean, P, after, after_P, A))
        mean, P = after, after_P
    return states, log_likelihood


def _update(
    mean: Tensor, P: Tensor, point: Tensor, covariance: Tensor, now: Tensor
) -> Tuple[Tensor, Tensor, Tensor]:
    """Mean and covariance after the measurements ``now``, and their log-likelihoods."""
    eye = torch.eye(3, dtype=mean.dtype)
    innovation = torch.where(now[:, None], point - mean[:, :3], torch.zeros_like(point))
    noise = torch.where(now[:, None, None], covariance, eye)
    S = P[:, :3, :3] + noise
    gain = torch.linalg.solve(S, P[:, :3, :]).transpose(-1, -2) * now[:, None, None]
    after = mean + (gain @ innovation[..., None])[..., 0]
    keep = torch.eye(6, dtype=mean.dtype) - torch.cat([gain, torch.zeros_like(gain)], -1)
    # Joseph's form stays symmetric and positive.
    after_P = keep @ P @ keep.transpose(-1, -2) + gain @ noise @ gain.transpose(-1, -2)
    distance = (innovation[..., None, :] @ torch.linalg.solve(S, innovation[..., None]))[:, 0, 0]
    return after, after_P, -0.5 * (distance + torch.logdet(S))


def _backwards(states: List[_State]) -> Tuple[Tensor, Tensor]:
    """The smoother of Rauch, Tung and Striebel: means (F, J, 6) and covariances."""
    mean, spread = states[-1].after, states[-1].after_spread
    means, spreads = [mean], [spread]
    for state, later in zip(states[-2::-1], states[:0:-1]):
        back = torch.linalg.solve(
            later.before_spread, later.transition @ state.after_spread
        ).transpose(-1, -2)
        mean = state.after + (back @ (mean - later.before)[..., None])[..., 0]
        spread = state.after_spread + back @ (spread - later.before_spread) @ back.transpose(-1, -2)
        means.append(mean)
        spreads.append(spread)
    return torch.stack(means[::-1]), torch.stack(spreads[::-1])


def _near_measurements(measured: Tensor, max_gap: int) -> Tensor:
    """Frames of each point that are measured, or in a gap of at most ``max_gap`` frames."""
    frames = len(measured)
    number = torch.arange(frames)[:, None]
    number = number.expand_as(measured)
    never, always = torch.full_like(number, 10**9), torch.full_like(number, -(10**9))
    last = torch.where(measured, number, always).cummax(0).values
    following = torch.where(measured, number, never).flip(0).cummin(0).values.flip(0)
    inside = (last >= 0) & (following < frames)
    return measured | (inside & (following - last - 1 <= max_gap))
