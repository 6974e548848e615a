"""Triangulation: confidence-weighted DLT, and robust triangulation over pairs.

How :func:`triangulate_robust` goes about a keypoint seen by V views:

1. Pixels become rays; views that are not finite, have no positive weight or no
   usable camera are missing.
2. Every pair of views (up to ``max_pairs``) proposes a point: the place between the
   two rays' nearest points that shares the error evenly in pixels.
3. Each proposal is projected into all views; the one with most views within
   ``threshold`` wins, ties go to the smaller total squared error.
4. A weighted fit over these views (DLT, reweighted by depth, so that its errors are
   pixels), the views within the threshold anew, and a second fit.
5. Optionally Levenberg-Marquardt on the reprojection error.

Nothing here has a length in it: all tolerances are pixels, angles or relative, so
the world's unit and origin do not matter. (Normalising a DLT row over all four
coefficients in millimetres, as is often seen, does depend on the unit.)

Inside, the points stand in the **last** dimension, (..., V, N) and (..., V, P, N) for
P pairs: whole vectors for the CPU, coalesced for the GPU, no loop over points or views.
"""

from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from .cameras import coefficients, distort, distort_with_jacobian, project, undistort_normalised

# Rays that meet at less than this angle (radians) do not tell a depth.
_MIN_ANGLE = 1e-4
# Numbers in one (V, N) and in one (V, P, N) temporary: near the cache of a CPU and
# enough for its threads; enough to fill a GPU.
_CHUNK_CPU, _CHUNK_GPU = (2**16, 2**22), (2**20, 2**25)
_LEAST = 2**10  # keypoints of a chunk that a thread is worth


class Status(IntEnum):
    """What became of a keypoint."""

    OK = 0
    TOO_FEW_VIEWS = 1  # fewer usable views than min_inliers, or than two
    NO_CONSENSUS = 2  # no point in front of min_inliers views within the threshold
    DEGENERATE = 3  # all rays are parallel, or all cameras at one place


class Triangulation(NamedTuple):
    """Result of :func:`triangulate_robust` for N keypoints in V views."""

    points: Tensor  # (N, 3), NaN where status is not OK
    inliers: Tensor  # (N, V) bool
    errors: Tensor  # (N, V) pixels; NaN: missing view or no point; inf: behind it
    status: Tensor  # (N, ) int8, Status


class _Views(NamedTuple):
    """A chunk of N keypoints; n is N, or 1 where all share what it is about."""

    observed: Tensor  # (2, V, N) pixels, 0 where missing
    valid: Tensor  # (V, N) bool
    weight: Tensor  # (V, N), 0 where missing
    camera: Tensor  # (3, 4, V, n), [R | t] about ``origin``
    K: Tensor  # (2, 3, V, n)
    k: List[Tensor]  # distortion coefficients, each (V, n)
    centers: Tensor  # (3, V, n) about ``origin``
    resolution: Tensor  # (V, n), square of the rounding error of a centre
    origin: Tensor  # (3, n), the mean of the camera centres
    rays: Tensor  # (3, V, N): center + depth * ray is on the ray
    rows: Tensor  # (2, 4, V, N): rows @ [X, 1] / depth = error in pixels
    focal2: Tensor  # (V, N), pixels**2 per unit of solid angle


# --------------------------------------------------------------------- public


def triangulate_dlt(
    pixels: Tensor, K: Tensor, R: Tensor, t: Tensor, weights: Optional[Tensor] = None
) -> Tensor:
    """Confidence-weighted linear triangulation from ideal (undistorted) pixels.

    The linear equations of each view are scaled to pixels and divided by the depth
    of the point, found in three passes; so the result minimises the weighted squared
    error in pixels nearly, and does not depend on the world's unit. On noise-free
    input it is what ``cv2.triangulatePoints`` gives. Differentiable.

    Args:
        pixels (Tensor): Shape (..., V, 2); see :func:`mmpose_al.geometry.cameras
            .undistort`.
        K (Tensor): Shape (V, 3, 3) or (..., V, 3, 3).
        R (Tensor): Shape (V, 3, 3) or (..., V, 3, 3).
        t (Tensor): Shape (V, 3) or (..., V, 3).
        weights (Tensor, optional): Of the squared errors, shape (V, ) or (..., V).

    Returns:
        Tensor: Shape (..., 3); NaN with fewer than two views, parallel rays, or
        cameras at one place. A view is missing where its pixels are not finite, its
        weight is not above 0 or its camera is not usable.
    """
    lead, V = pixels.shape[:-2], pixels.shape[-2]
    K, R, t = (_flatten(x, lead, n) for x, n in ((K, 3), (R, 3), (t, 2)))
    if weights is not None:
        weights = weights.expand(lead + (V,)).reshape(-1, V)
    dtype = pixels.dtype
    views = _prepare(pixels.reshape(-1, V, 2).to(_wide(pixels)), K, R, t, None, weights)
    # Start: nearest to the rays, distances as seen from the rays' own cameras.
    direction = views.rays / (views.rays * views.rays).sum(0).sqrt()
    w = views.weight * views.focal2
    eye = torch.eye(3, dtype=w.dtype, device=w.device)[:, :, None, None]
    across = (eye - direction[:, None] * direction[None]) * w
    H = across.sum(2)
    g = -(across * views.centers[None]).sum((1, 2))
    step, defined = _solve(H[0, 0], H[0, 1], H[0, 2], H[1, 1], H[1, 2], H[2, 2], g)
    defined = defined & ((views.weight > 0).sum(0) >= 2)
    X = _fit(views, step, views.weight, 3)
    distinct = (views.valid & _apart(views)).any(0)
    defined = defined & distinct & torch.isfinite(X).all(0)
    points = (X + views.origin).T
    points = torch.where(defined[:, None], points, points.new_full((), float('nan')))
    return points.reshape(lead + (3,)).to(dtype)


def triangulate_robust(
    pixels: Tensor,
    K: Tensor,
    R: Tensor,
    t: Tensor,
    dist: Optional[Tensor] = None,
    weights: Optional[Tensor] = None,
    threshold: float = 20.0,
    min_inliers: int = 2,
    max_pairs: int = 45,
    refine: bool = False,
    seed: int = 0,
    chunk: Optional[int] = None,
) -> Triangulation:
    """Triangulate keypoints of which some views are wrong (Feng23, Sec. 3).

    All pairs of views are tried up to ``max_pairs`` (10 views have 45); beyond, each
    keypoint takes the first ``max_pairs`` of its usable ones in a random order that
    ``seed`` fixes. The result depends on ``chunk`` by rounding only. The choice of
    inliers is a constant; the points and errors are differentiable given it.

    Args:
        pixels (Tensor): As the cameras saw them (distorted), shape (N, V, 2).
        K (Tensor): Shape (V, 3, 3), or (G, V, 3, 3) where each of G groups of N / G keypoints,
            one after another, has cameras of its own.
        R (Tensor): Shape (V, 3, 3) or (G, V, 3, 3).
        t (Tensor): Shape (V, 3) or (G, V, 3).
        dist (Tensor, optional): Shape (V, D) or (G, V, D).
        weights (Tensor, optional): Confidences, shape (V, ) or (N, V). They weigh the
            squared errors of the fit, not the vote.
        threshold (float): Largest reprojection error of an inlier, pixels.
        min_inliers (int): Views that have to agree, at least 2.
        max_pairs (int): Pairs of views tried for a keypoint.
        refine (bool): Minimise the reprojection error proper after the linear fit.
        seed (int): For the sampling of pairs.
        chunk (int, optional): Keypoints that one thread works on at once; by default as
            many as keep the temporaries small.

    Returns:
        Triangulation: ``points``, ``inliers``, ``errors`` and ``status``. A view is
        missing where its pixels are not finite, its weight is not above 0, its camera
        is not usable (not finite, singular ``K``), or no ray has these pixels.

    Raises:
        ValueError: Shapes that do not fit, or options out of range.
    """
    if pixels.dim() != 3 or pixels.shape[-1] != 2:
        raise ValueError(f'pixels are (N, V, 2), not {tuple(pixels.shape)}')
    if not threshold > 0 or min_inliers < 2 or max_pairs < 1:
        raise ValueError(
            f'threshold = {threshold}, min_inliers = {min_inliers}, max_pairs = '
            f'{max_pairs}: they are above 0, at least 2 and at least 1'
        )
    N, V = pixels.shape[:2]
    each = _keypoints_of_a_group(N, V, K, R, t, dist)
    _check('weights', weights, (V,), N)
    pairs = torch.triu_indices(V, V, 1)
    if pairs.shape[1] > max_pairs:
        order = torch.randperm(pairs.shape[1], generator=torch.Generator().manual_seed(seed))
        pairs = pairs[:, order]
    pairs = pairs.to(pixels.device)
    alone = pixels.is_cuda or _differentiable(pixels, K, R, t, dist, weights)
    threads = 1 if alone else torch.get_num_threads()
    if chunk is None:
        few, many = _CHUNK_GPU if pixels.is_cuda else _CHUNK_CPU
        tried = max(min(max_pairs, pairs.shape[1]), 1)
        chunk = max(min(few, many // tried) // max(V, 1), 64)
        chunk = min(chunk, max(-(-N // threads), _LEAST))

    def triangulated(start: int) -> Triangulation:
        part = slice(start, start + chunk)
        groups = slice(start // each, -(-(start + chunk) // each))
        views = _prepare(
            pixels[part],
            _part(K, 4, groups),
            _part(R, 4, groups),
            _part(t, 3, groups),
            None if dist is None else _part(dist, 3, groups),
            None if weights is None else _part(weights, 2, part),
            (each, start % each),
        )
        return _robust(views, pairs, threshold, min_inliers, max_pairs, refine)

    results = _by_threads(triangulated, range(0, max(N, 1), chunk), threads)
    if len(results) == 1:
        return results[0]
    return Triangulation(*(torch.cat(x) for x in zip(*results)))


def _differentiable(*tensors: Optional[Tensor]) -> bool:
    return torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in tensors)


def _by_threads(
    work: Callable[[int], Triangulation], starts: Sequence[int], threads: int
) -> List[Triangulation]:
    """What ``work`` gives of each chunk, each by one thread from its begin to its end.

    Threads that share every operation wait for each other thousands of times a second. Where
    another process has one of their cores, all of them wait for it each time.
    """
    if threads == 1 or len(starts) == 1:
        return [work(start) for start in starts]

    def apart(start: int) -> Triangulation:
        with torch.no_grad():  # what holds in this thread does not hold in those
            return work(start)

    usual = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, '', torch.set_num_threads, (1,)) as pool:
            return list(pool.map(apart, starts))
    finally:
        torch.set_num_threads(usual)  # threads that begin later take what was set last


def reprojection_errors(
    pixels: Tensor, points: Tensor, K: Tensor, R: Tensor, t: Tensor, dist: Optional[Tensor] = None
) -> Tensor:
    """Distances in pixels between observations and projected points.

    Args:
        pixels (Tensor): Shape (..., V, 2).
        points (Tensor): Shape (..., 3).
        K, R, t, dist: Shapes (V, ...) or (..., V, ...).

    Returns:
        Tensor: Shape (..., V). NaN where pixels or point are not finite, inf where the
        point is not in front of the camera.
    """
    projected, depth = project(points[..., None, None, :], K, R, t, dist)
    projected, depth = projected[..., 0, :], depth[..., 0]
    known = torch.isfinite(pixels).all(-1) & torch.isfinite(points).all(-1)[..., None]
    seen = known & (depth > 0)
    delta = projected - pixels
    delta = torch.where(seen[..., None], delta, torch.zeros_like(delta))
    error = _norm(delta[..., 0], delta[..., 1])
    error = torch.where(seen, error, error.new_full((), float('inf')))
    return torch.where(known, error, error.new_full((), float('nan')))


def camera_residuals(
    pixels: Tensor,
    points: Tensor,
    K: Tensor,
    R: Tensor,
    t: Tensor,
    dist: Optional[Tensor] = None,
    inliers: Optional[Tensor] = None,
) -> Tuple[Tensor, Tensor]:
    """Mean signed residual, observed minus projected, of each camera.

    Far from zero over many keypoints, it tells of a calibration that is off: a floor
    under every score made of reprojection errors.

    Args:
        pixels (Tensor): Shape (..., V, 2).
        points (Tensor): Shape (..., 3).
        K, R, t, dist: Shapes (V, ...) or (..., V, ...).
        inliers (Tensor, optional): Which observations count, shape (..., V).

    Returns:
        tuple: Mean residuals in x and y, shape (V, 2), NaN where nothing counted, and
        how many observations counted, shape (V, ).
    """
    V = pixels.shape[-2]
    projected, _ = project(points[..., None, None, :], K, R, t, dist)
    residual = (pixels - projected[..., 0, :]).reshape(-1, V, 2)
    used = torch.isfinite(residual).all(-1)
    if inliers is not None:
        used = used & inliers.reshape(-1, V)
    count = used.sum(0)
    total = torch.where(used[..., None], residual, torch.zeros_like(residual)).sum(0)
    return total / count[:, None].to(total), count  # 0 / 0 is NaN


def consistency_errors(
    errors: Tensor, diagonal: Tensor, squared: bool = True, present: Optional[Tensor] = None
) -> Tensor:
    """What each view of each keypoint counts for in Feng23's Eq. 8.

    No distance counts for more than the image's diagonal, and a keypoint that failed
    to triangulate counts for the diagonal in every view.

    Args:
        errors (Tensor): ``errors`` of :class:`Triangulation`, shape (..., K, V); a
            keypoint failed where all its views are NaN.
        diagonal (Tensor): Image diagonals in pixels, shape (V, ), any that broadcasts
            to ``errors``, or a single number.
        squared (bool): Whether distances are squared, as in the equation.
        present (Tensor, optional): Which views there are, bool, broadcasts to
            ``errors``; one without an error then counts for the diagonal. By default
            the views that have an error, and all of a keypoint that failed.

    Returns:
        Tensor: Shape (..., K, V), pixels**2, or pixels where not ``squared``; NaN
        where a view is not present.
    """
    limit = torch.as_tensor(diagonal, dtype=errors.dtype, device=errors.device)
    limit = limit.expand_as(errors)
    missing = torch.isnan(errors)
    if present is None:
        present = ~missing | missing.all(-1, keepdim=True)
    distance = torch.where(missing, limit, torch.minimum(errors, limit))
    if squared:
        distance = distance * distance
    return torch.where(present, distance, distance.new_full((), float('nan')))


def multi_view_consistency(errors: Tensor, diagonal: Tensor, squared: bool = True) -> Tensor:
    """How far views of a frame are from agreeing (Feng23, Eq. 8); high is bad.

    The mean of :func:`consistency_errors` over keypoints and views. Where the text of
    the paper says distance and its equation squares it, the equation is the default. A
    frame that failed altogether ranks first. A view that is missing for a keypoint that
    did triangulate is left out of the mean.

    Args:
        errors, diagonal, squared: See :func:`consistency_errors`.

    Returns:
        Tensor: Shape (...), pixels**2, or pixels where not ``squared``.
    """
    return consistency_errors(errors, diagonal, squared).nanmean((-1, -2))


# ------------------------------------------------------------------ one chunk


def _robust(
    views: _Views, pairs: Tensor, threshold: float, min_inliers: int, max_pairs: int, refine: bool
) -> Triangulation:
    """:func:`triangulate_robust` for one chunk."""
    enough = views.valid.sum(0) >= min_inliers
    with torch.no_grad():
        X, parallax = _consensus(views, pairs, threshold, max_pairs)
        inliers = views.valid & (_errors(views, X) <= threshold)
        again = _errors(views, _fit(views, X, views.weight * inliers, 1))
        again = views.valid & (again <= threshold)
        inliers = torch.where(again.sum(0) >= inliers.sum(0), again, inliers)
    weight = views.weight * inliers
    X = _fit(views, X, weight, 2)
    if refine:
        X = _refine(views, X, weight)
    errors = _errors(views, X)
    inliers = views.valid & (errors.detach() <= threshold)
    agreed = (inliers.sum(0) >= min_inliers) & torch.isfinite(X).all(0) & parallax
    inliers = inliers & agreed & enough

    status = torch.full_like(enough, int(Status.OK), dtype=torch.int8)
    status = status.masked_fill(~agreed, int(Status.NO_CONSENSUS))
    status = status.masked_fill(~parallax, int(Status.DEGENERATE))
    status = status.masked_fill(~enough, int(Status.TOO_FEW_VIEWS))
    failed = status != Status.OK
    nan = X.new_full((), float('nan'))
    points = torch.where(failed, nan, X + views.origin)
    errors = torch.where(views.valid & ~failed, errors, nan)
    return Triangulation(
        points.T.contiguous(), inliers.T.contiguous(), errors.T.contiguous(), status
    )


def _consensus(
    views: _Views, pairs: Tensor, threshold: float, max_pairs: int
) -> Tuple[Tensor, Tensor]:
    """The proposal (3, N) with most inliers, and where any two rays meet (N, ).

    In float32: the fit that follows has the precision, and judges the inliers anew.
    """
    V, N = views.valid.shape
    if V < 2:
        return views.rays.new_zeros(3, N), views.valid.new_zeros(N)
    first, second = _choose(views.valid, pairs, max_pairs)
    X, met, front = _propose(views, first, second)
    X.masked_fill_(~front, 0)

    # Errors are squared, in units that keep the sum of V inliers' below one vote.
    # A missing view is infinitely far off.
    limit = 1 / (V + 1)
    rows = views.rows.float() * (limit**0.5 / threshold)
    rows[0, 3].masked_fill_(~views.valid, float('inf'))
    error, other = (_dot(row.unsqueeze(-2), X[:, None]) for row in rows)
    error.mul_(error).addcmul_(other, other)
    depth = _dot(views.camera[2].float().unsqueeze(-2), X[:, None], other)
    depth.clamp_(min=0)  # behind the camera: infinitely far off, too
    never_zero = depth.new_full((), -torch.finfo(depth.dtype).tiny)
    torch.addcmul(never_zero, depth, depth, value=-1, out=other)
    error.div_(other)
    # Minus the error of an inlier, minus one for the others.
    votes = torch.threshold_(error, -limit, -1.0).sum(0)
    votes = torch.where(front, votes, votes.new_full((), -V - 1.0))
    best = torch.nan_to_num(votes, nan=-V - 1.0).argmax(0, keepdim=True)
    return X.gather(1, best.expand(3, 1, N))[:, 0].to(views.rays.dtype), met.any(0)


def _choose(valid: Tensor, pairs: Tensor, max_pairs: int) -> Tuple[Tensor, Tensor]:
    """Views of the pairs to try: (P, ), or (P, N) where keypoints differ."""
    first, second = pairs
    if len(first) <= max_pairs:
        return first, second
    if valid.all():
        return first[:max_pairs], second[:max_pairs]
    usable = valid[first] & valid[second]
    place = torch.arange(len(first), device=valid.device)[:, None].expand_as(usable)
    place = place.masked_fill(~usable, len(first))
    chosen = place.T.topk(max_pairs, dim=1, largest=False).values.T
    chosen = chosen.clamp(max=len(first) - 1).contiguous()
    return first[chosen], second[chosen]


def _propose(views: _Views, first: Tensor, second: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Points (3, P, N) of pairs; which rays meet; which do so in front of both."""
    rays, centers = views.rays.float(), views.centers.float()
    focal2, resolution = views.focal2.float(), views.resolution.float()
    ray1, ray2 = _pick(rays, first), _pick(rays, second)
    center1, center2 = _pick(centers, first), _pick(centers, second)
    base = center2 - center1
    normal = _cross(ray1, ray2)
    square = _inner(normal, normal)
    moment = _cross(normal, base)
    depth1 = _inner(ray2, moment) / square
    depth2 = _inner(ray1, moment) / square
    usable = _pick(views.valid, first) & _pick(views.valid, second)
    rounding = torch.maximum(_pick(resolution, first), _pick(resolution, second))
    met = (square > _MIN_ANGLE**2 * _inner(ray1, ray1) * _inner(ray2, ray2)) & usable
    met &= _inner(base, base) > rounding
    front = met & (depth1 > 0) & (depth2 > 0)
    # A shift s of the point is an error of focal * s / depth pixels.
    pull1 = _pick(focal2, first) * depth2 * depth2
    pull2 = _pick(focal2, second) * depth1 * depth1
    share = pull1 / (pull1 + pull2)
    point1 = center1 + depth1 * ray1
    point2 = center2 + depth2 * ray2
    return point2 + share * (point1 - point2), met, front


def _apart(views: _Views) -> Tensor:
    """Views (V, n) whose camera is not where the first usable one is."""
    first = views.valid.to(torch.uint8).argmax(0, keepdim=True)
    centers = views.centers.expand(3, *views.valid.shape)
    base = centers - centers.gather(1, first.expand(3, 1, -1))
    resolution = views.resolution.expand_as(views.valid)
    rounding = torch.maximum(resolution, resolution.gather(0, first))
    return (base * base).sum(0) > rounding


def _fit(views: _Views, X: Tensor, weight: Tensor, passes: int) -> Tensor:
    """Weighted least squares about X (3, N): DLT with rows over their depth.

    ``weight`` (V, N) is 0 for views that take no part.
    """
    used = weight > 0
    one = torch.ones_like(weight)
    for _ in range(passes):
        depth = _dot(views.camera[2], X)
        # Zero is no depth to divide by; what has it fails in the end.
        depth = torch.where(used & (depth != 0), depth, one)
        w = weight / (depth * depth)
        X = (
            X
            + _gauss_newton(
                views.rows[:, :3], torch.stack([_dot(views.rows[0], X), _dot(views.rows[1], X)]), w
            )[0]
        )
    return X


def _gauss_newton(
    J: Tensor, residual: Tensor, w: Tensor, damping: Union[Tensor, float] = 0.0
) -> Tuple[Tensor, Tensor]:
    """Step (3, N) that lessens sum w residual**2, and whether it is defined.

    Args:
        J (Tensor): Derivatives, shape (2, 3, V, N).
        residual (Tensor): Shape (2, V, N).
        w (Tensor): Shape (V, N).
        damping (Tensor or float): Levenberg-Marquardt's, relative, shape (N, ).
    """
    # Normal equations square the condition: float32 would not do for narrow angles.
    dtype, wide = residual.dtype, _wide(residual)
    J, residual, w = J.to(wide), residual.to(wide), w.to(wide)
    wJ = J * w
    a, b, c = J[:, 0], J[:, 1], J[:, 2]
    wa, wb, wc = wJ[:, 0], wJ[:, 1], wJ[:, 2]
    H = [(p * q).sum((0, 1)) for p, q in ((wa, a), (wa, b), (wa, c), (wb, b), (wb, c), (wc, c))]
    g = torch.stack([(p * residual).sum((0, 1)) for p in (wa, wb, wc)])
    lift = 1 + damping
    step, regular = _solve(H[0] * lift, H[1], H[2], H[3] * lift, H[4], H[5] * lift, g)
    return step.to(dtype), regular


def _solve(
    xx: Tensor, xy: Tensor, xz: Tensor, yy: Tensor, yz: Tensor, zz: Tensor, g: Tensor
) -> Tuple[Tensor, Tensor]:
    """-H^-1 g of symmetric H, and whether H is regular; zero where it is not."""
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    d, e, f = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    det = xx * a + xy * b + xz * c
    trace = xx + yy + zz
    eps = 4 * torch.finfo(det.dtype).eps
    regular = det.detach() > eps * trace.detach() ** 3
    # Without views H is zero.
    det = torch.where(regular, det, torch.ones_like(det))
    step = (
        torch.stack(
            [
                a * g[0] + b * g[1] + c * g[2],
                b * g[0] + d * g[1] + e * g[2],
                c * g[0] + e * g[1] + f * g[2],
            ]
        )
        / -det
    )
    return torch.where(regular, step, torch.zeros_like(step)), regular


def _refine(views: _Views, X: Tensor, weight: Tensor, passes: int = 10) -> Tensor:
    """Levenberg-Marquardt on the reprojection error; never worse than X (3, N)."""
    with torch.no_grad():
        best, damping = X.detach(), X.new_full(X.shape[1:], 1e-3)
        residual, J, cost = _reproject(views, best, weight)
        for _ in range(passes):
            step, _ = _gauss_newton(J, residual, weight, damping)
            new_residual, new_J, new_cost = _reproject(views, best + step, weight)
            better = new_cost < cost
            best = torch.where(better, best + step, best)
            residual = torch.where(better, new_residual, residual)
            J = torch.where(better, new_J, J)
            cost = torch.where(better, new_cost, cost)
            damping = torch.where(better, damping * 0.1, damping * 10)
    if not torch.is_grad_enabled():
        return best
    # At the minimum this step is nothing; its derivative is the solution's.
    residual, J, _ = _reproject(views, best, weight)
    return best + _gauss_newton(J, residual, weight)[0]


def _reproject(views: _Views, X: Tensor, weight: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Residuals (2, V, N), their derivatives (2, 3, V, N) and the cost (N, )."""
    used = weight > 0
    camera = [_dot(row, X) for row in views.camera]
    front = used & (camera[2] > 0)
    depth = torch.where(front, camera[2], torch.ones_like(camera[2]))
    x, y = camera[0] / depth, camera[1] / depth
    to_x = (views.camera[0, :3] - x * views.camera[2, :3]) / depth
    to_y = (views.camera[1, :3] - y * views.camera[2, :3]) / depth
    if views.k:
        x, y, jac = distort_with_jacobian(x, y, views.k)
        to_x, to_y = jac.xx * to_x + jac.xy * to_y, jac.yx * to_x + jac.yy * to_y
    K = views.K
    residual = (
        torch.stack([K[0, 0] * x + K[0, 1] * y + K[0, 2], K[1, 0] * x + K[1, 1] * y + K[1, 2]])
        - views.observed
    )
    J = torch.stack([K[0, 0] * to_x + K[0, 1] * to_y, K[1, 0] * to_x + K[1, 1] * to_y])
    cost = (weight * (residual * residual).sum(0)).sum(0)
    return residual, J, torch.where((used & ~front).any(0), cost + float('inf'), cost)


def _errors(views: _Views, X: Tensor) -> Tensor:
    """Reprojection errors (V, N) in the image as it was observed; inf behind."""
    camera = [_dot(row, X) for row in views.camera]
    front = camera[2] > 0
    depth = torch.where(front, camera[2], torch.ones_like(camera[2]))
    x, y = camera[0] / depth, camera[1] / depth
    if views.k:
        x, y = distort(x, y, views.k)
    K = views.K
    error = _norm(
        K[0, 0] * x + K[0, 1] * y + K[0, 2] - views.observed[0],
        K[1, 0] * x + K[1, 1] * y + K[1, 2] - views.observed[1],
    )
    return torch.where(front, error, error.new_full((), float('inf')))


# ------------------------------------------------------------------ preparation


def _prepare(
    pixels: Tensor,
    K: Tensor,
    R: Tensor,
    t: Tensor,
    dist: Optional[Tensor],
    weights: Optional[Tensor],
    group: Tuple[int, int] = (1, 0),
) -> _Views:
    """Bring a chunk into the inner layout, with zeros in place of what is missing.

    What depends on cameras alone is computed once for all keypoints that share them.

    Args:
        pixels, K, R, t, dist, weights: Of the chunk, see :func:`triangulate_robust`.
        group (tuple): How many keypoints the cameras of each group are for, and how many of
            the first group's are not in the chunk.
    """
    each, skipped = group
    dtype = torch.float32
    for x in (pixels, K, R, t):
        dtype = torch.promote_types(dtype, x.dtype)
    observed = _points_last(pixels.to(dtype), 2)
    valid = torch.isfinite(observed).all(0)
    K, R, t = (_points_last(x.to(dtype), n) for x, n in ((K, 3), (R, 3), (t, 2)))
    k = [] if dist is None else [_points_last(c, 1) for c in coefficients(dist.to(dtype))]

    def spread(x: Tensor) -> Tensor:
        """Of groups (..., G) to that of their keypoints (..., N); what all share stays."""
        if x.shape[-1] == 1 or each == 1:
            return x
        return x.repeat_interleave(each, -1)[..., skipped : skipped + observed.shape[-1]]

    K, R, t, k, area, usable = _replace_unusable(K, R, t, k)
    centers = -(R * t[:, None]).sum(0)
    resolution = torch.finfo(dtype).eps * (centers * centers).sum(0)
    share = usable.to(dtype)
    origin = (centers * share).sum(1) / share.sum(0).clamp(min=1)
    shifted = t + (R * origin[None, :, None]).sum(1)
    camera = spread(torch.cat([R.expand(3, *shifted.shape), shifted[:, None]], 1))
    K, R, k, area = spread(K), camera[:, :3], [spread(c) for c in k], spread(area)

    valid = valid & spread(usable)
    zero = observed.new_zeros(())
    weight = torch.ones_like(observed[0])
    if weights is not None:
        given = _points_last(weights.to(dtype), 1)
        good = torch.isfinite(given) & (given > 0)
        valid = valid & good
        weight = torch.where(good, given, zero) * weight

    observed = torch.where(valid, observed, zero)
    x, y, pixel, valid = _ideal(observed, valid, K, k, area)
    focal2 = (pixel[0, 0] * pixel[1, 1] - pixel[0, 1] * pixel[1, 0]).abs()

    to_x = camera[0] - x * camera[2]
    to_y = camera[1] - y * camera[2]
    return _Views(
        observed=observed,
        valid=valid,
        weight=torch.where(valid, weight, zero),
        camera=camera,
        K=K[:2],
        k=k,
        centers=spread(centers - origin[:, None]),
        resolution=spread(resolution),
        origin=spread(origin),
        rays=R[0] * x + R[1] * y + R[2],
        rows=torch.stack(
            [pixel[0, 0] * to_x + pixel[0, 1] * to_y, pixel[1, 0] * to_x + pixel[1, 1] * to_y]
        ),
        focal2=focal2.expand_as(x),
    )


def _replace_unusable(
    K: Tensor, R: Tensor, t: Tensor, k: List[Tensor]
) -> Tuple[Tensor, Tensor, Tensor, List[Tensor], Tensor, Tensor]:
    """Harmless numbers in place of cameras that cannot be used.

    Returns:
        tuple: K, R, t, k, the determinant of ``K[:2, :2]``, and which cameras (V, n) can be
        used, (V, 1) where all can.
    """
    area = K[0, 0] * K[1, 1] - K[0, 1] * K[1, 0]
    usable = _usable(K, R, t, k, area)
    if usable.all():  # what all keypoints share stays one
        return K, R, t, k, area, usable[:, :1]
    zero = K.new_zeros(())
    eye = torch.eye(3, dtype=K.dtype, device=K.device)[..., None, None]
    K, R = torch.where(usable, K, eye), torch.where(usable, R, eye)
    t, k = torch.where(usable, t, zero), [torch.where(usable, c, zero) for c in k]
    return K, R, t, k, torch.where(usable, area, zero + 1), usable


def _usable(K: Tensor, R: Tensor, t: Tensor, k: List[Tensor], area: Tensor) -> Tensor:
    """Cameras (V, n) that are finite and whose K is regular; ``area`` is its determinant."""
    largest = K[:2, :2].abs().amax((0, 1))
    usable = area.abs() > torch.finfo(K.dtype).eps * largest * largest
    for x in (K, R, t):
        usable = usable & torch.isfinite(x).flatten(0, -3).all(0)
    for c in k:
        usable = usable & torch.isfinite(c)
    return usable


def _ideal(
    observed: Tensor, valid: Tensor, K: Tensor, k: List[Tensor], area: Tensor
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ideal rays (x, y, 1), how distorted pixels move with them, and which views are valid.

    Returns:
        tuple: x and y (V, N), derivatives of pixels (2, 2, V, N or n), valid (V, N).
    """
    zero = observed.new_zeros(())
    u, v = observed[0] - K[0, 2], observed[1] - K[1, 2]
    x = torch.where(valid, (K[1, 1] * u - K[0, 1] * v) / area, zero)
    y = torch.where(valid, (K[0, 0] * v - K[1, 0] * u) / area, zero)
    pixel = K[:2, :2]
    if k:
        x, y, jac, solved = undistort_normalised(x, y, k)
        valid = valid & solved
        x, y = torch.where(valid, x, zero), torch.where(valid, y, zero)
        rows = [
            torch.stack([K[i, 0] * jac.xx + K[i, 1] * jac.yx, K[i, 0] * jac.xy + K[i, 1] * jac.yy])
            for i in range(2)
        ]
        pixel = torch.where(valid, torch.stack(rows), zero)
    return x, y, pixel, valid


def _points_last(x: Tensor, dims: int) -> Tensor:
    """(V, ...) to (..., V, 1), (N, V, ...) to (..., V, N); ``dims`` counts V on."""
    if x.dim() == dims:
        x = x[None]
    return x.permute(*range(2, x.dim()), 1, 0).contiguous()


def _part(x: Tensor, dims: int, part: slice) -> Tensor:
    """A part of (N, ...), which has ``dims`` dimensions; (...) stays."""
    return x[part] if x.dim() == dims else x


def _flatten(x: Tensor, lead: tuple, dims: int) -> Tensor:
    """(..., V, ...) with leading dimensions as one; (V, ...) stays."""
    if x.dim() == dims:
        return x
    tail = x.shape[-dims:]
    return x.expand(lead + tail).reshape((-1,) + tail)


def _keypoints_of_a_group(
    N: int, V: int, K: Tensor, R: Tensor, t: Tensor, dist: Optional[Tensor]
) -> int:
    """How many of N keypoints, one after another, have the same cameras; their shapes fit."""
    cameras = [
        ('K', K, (V, 3, 3)),
        ('R', R, (V, 3, 3)),
        ('t', t, (V, 3)),
        ('dist', dist, (V, None)),
    ]
    own = [len(x) for _, x, shape in cameras if x is not None and x.dim() > len(shape)]
    each = N // own[0] if own and own[0] and N % own[0] == 0 else 1
    for name, value, shape in cameras:
        _check(name, value, shape, N, N // each)
    return each


def _check(
    name: str, value: Optional[Tensor], shape: tuple, N: int, rows: Optional[int] = None
) -> None:
    """Raise ValueError unless a value is of all N keypoints, or has N rows or so many."""
    if value is None:
        return
    rows = N if rows is None else rows
    tail = tuple(value.shape[-len(shape) :])
    fits = len(tail) == len(shape) and all(b is None or a == b for a, b in zip(tail, shape))
    if not fits or tuple(value.shape[: -len(shape)]) not in ((), (rows,)):
        expected = ', '.join('D' if n is None else str(n) for n in shape)
        raise ValueError(
            f'{name} has shape {tuple(value.shape)}; for pixels ({N}, '
            f'{shape[0]}, 2) it is ({expected}) or ({rows}, {expected})'
        )


# ------------------------------------------------------------ small vectors first


def _wide(x: Tensor) -> torch.dtype:
    """float64 where the device has it."""
    return torch.float32 if x.device.type == 'mps' else torch.float64


def _dot(row: Tensor, X: Tensor, out: Optional[Tensor] = None) -> Tensor:
    """row (4, ...) times [X, 1] with X (3, ...)."""
    if out is None:
        out = torch.addcmul(row[3], row[0], X[0])
    else:
        torch.addcmul(row[3], row[0], X[0], out=out)
    if torch.is_grad_enabled():
        return out + row[1] * X[1] + row[2] * X[2]
    return out.addcmul_(row[1], X[1]).addcmul_(row[2], X[2])


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _inner(a: Tensor, b: Tensor) -> Tensor:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _norm(x: Tensor, y: Tensor) -> Tensor:
    """Length of (x, y), with derivative 0 at 0."""
    square = x * x + y * y
    some = square > 0
    root = torch.where(some, square, torch.ones_like(square)).sqrt()
    return torch.where(some, root, torch.zeros_like(root))


def _pick(x: Tensor, views: Tensor) -> Tensor:
    """Entries (..., P, n) of x (..., V, n) for views (P, ) or (P, N)."""
    if views.dim() == 1:
        return x.index_select(-2, views)
    x = x.expand(x.shape[:-1] + views.shape[1:])
    return x.gather(-2, views.expand(x.shape[:-2] + views.shape))
