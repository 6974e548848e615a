"""Where a joint is in every view, by what most views say (multi-view bootstrapping).

A joint that some views see well is triangulated robustly and projected into all of them:
the views that were wrong, or where it is hidden, learn it from the others (Simon et al.,
"Hand Keypoint Detection in Single Images using Multiview Bootstrapping", CVPR 2017).

How :func:`consensus` goes about it:

1. Each joint of each group is triangulated over pairs of views, weighted by the squared
   confidence (:func:`~mmpose_al.geometry.triangulation.triangulate_robust`).
2. Where left and right can be exchanged: a view in which one of a pair is an outlier takes
   them the other way round if that lessens its error, each joint's cut at the threshold.
   Then step 1 once more.
3. The points are projected into every view, outliers too.

Notation: G groups (one person at one moment), V views, J joints.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .cameras import project, undistort
from .evidence import view_weights
from .triangulation import Status, triangulate_robust


class Consensus(NamedTuple):
    """What the views of each group agree on.

    Attributes:
        points (Tensor): World, (G, J, 3); NaN where fewer views agree than asked for.
        pixels (Tensor): Their projections into every view, (G, V, J, 2); NaN without a
            point, without a camera and behind the camera.
        inliers (Tensor): Views that agree, bool (G, V, J).
        errors (Tensor): Distance of each view's own prediction, after the exchange of
            left and right, to the projection, pixels, (G, V, J); NaN where either is
            missing.
        exchanged (Tensor): Pairs that a view had the wrong way round, bool (G, V, P).
    """

    points: Tensor
    pixels: Tensor
    inliers: Tensor
    errors: Tensor
    exchanged: Tensor

    @property
    def found(self) -> Tensor:
        """Joints that enough views agree on, bool (G, J)."""
        return torch.isfinite(self.points).all(-1)


def joint_pairs(flip_indices: Sequence[int]) -> List[Tuple[int, int]]:
    """The pairs of left and right joints, each once, of a data set's ``flip_indices``."""
    return [(i, int(j)) for i, j in enumerate(flip_indices) if i < j]


def consensus(
    pixels: Tensor,
    K: Tensor,
    R: Tensor,
    t: Tensor,
    dist: Optional[Tensor] = None,
    scores: Optional[Tensor] = None,
    threshold: float = 4.0,
    min_inliers: int = 3,
    pairs: Sequence[Tuple[int, int]] = (),
    seed: int = 0,
) -> Consensus:
    """Triangulate joints of which some views are wrong, and project them into all views.

    Args:
        pixels (Tensor): What each view predicts, (G, V, J, 2); NaN where it says nothing.
        K, R, t (Tensor): Cameras, (G, V, 3, 3), (G, V, 3, 3), (G, V, 3). A camera that is
            not finite is none: its view takes no part and gets no projection.
        dist (Tensor, optional): Distortion in OpenCV's order, (G, V, D).
        scores (Tensor, optional): Confidences, (G, V, J); a view weighs by their square, and
            one whose confidence is not above 0 takes no part.
        threshold (float): Largest reprojection error of an inlier, pixels.
        min_inliers (int): Views that have to agree, at least 2.
        pairs (Sequence[tuple]): Left and right joints that a view may have exchanged, see
            :func:`joint_pairs`; none by default.
        seed (int): For pairs of views, where there are too many for all.

    Returns:
        Consensus: On the device of ``pixels``.

    Raises:
        ValueError: Shapes that do not fit, or options out of range.
    """
    if pixels.dim() != 4 or pixels.shape[-1] != 2:
        raise ValueError(f'pixels are (G, V, J, 2), not {tuple(pixels.shape)}')
    groups, views, joints = pixels.shape[:3]
    if scores is not None and scores.shape != pixels.shape[:3]:
        raise ValueError(
            f'scores have shape {tuple(scores.shape)}; for pixels {tuple(pixels.shape)} it is '
            f'{(groups, views, joints)}'
        )
    flat = [i for pair in pairs for i in pair]
    if len(set(flat)) != len(flat) or any(not 0 <= i < joints for i in flat):
        raise ValueError(f'pairs name each of the {joints} joints at most once; got {pairs}')
    cameras = dict(K=K, R=R, t=t, dist=dist)
    options = dict(threshold=threshold, min_inliers=min_inliers, seed=seed)
    found = _triangulate(pixels, scores, cameras, options)
    exchanged = pixels.new_zeros((groups, views, len(pairs)), dtype=torch.bool)
    if len(pairs) and groups:
        exchanged = _exchanged(pixels, found, threshold, pairs)
        pixels = _exchange(pixels, exchanged, pairs)
        scores = None if scores is None else _exchange(scores, exchanged, pairs)
        found = _triangulate(pixels, scores, cameras, options)
    return found._replace(exchanged=exchanged)


def _triangulate(
    pixels: Tensor, scores: Optional[Tensor], cameras: dict, options: dict
) -> Consensus:
    groups, views, joints = pixels.shape[:3]
    weights = view_weights(None if scores is None else scores.transpose(1, 2), 'confidence2')
    shared: Dict[str, Any] = {name: _shared(value) for name, value in cameras.items()}
    result = triangulate_robust(
        pixels.transpose(1, 2).flatten(0, 1),
        **shared,
        weights=None if weights is None else weights.flatten(0, 1),
        **options,
    )

    def by_group(values: Tensor) -> Tensor:
        return values.unflatten(0, (groups, joints)).transpose(1, 2)

    points = result.points.unflatten(0, (groups, joints))
    shown, depth = project(points[:, None], **cameras)
    front = (depth > 0) & (result.status == int(Status.OK)).unflatten(0, (groups, joints))[:, None]
    front &= _seen_once(points, shown, cameras)
    shown = shown.masked_fill(~front[..., None], float('nan'))
    errors = (pixels - shown).norm(dim=-1)
    return Consensus(
        points,
        shown.to(pixels.dtype),
        by_group(result.inliers),
        errors.to(pixels.dtype),
        result.inliers.new_zeros((groups, views, 0)),
    )


def _shared(values: Optional[Tensor]) -> Optional[Tensor]:
    """Values of cameras (G, V, ...); of one rig (V, ...) where all groups have the same."""
    if values is None or not len(values) or not bool((values == values[:1]).all()):
        return values
    return values[0]


def _seen_once(points: Tensor, shown: Tensor, cameras: dict) -> Tensor:
    """Projections that a lens really makes, bool (G, V, J).

    Far outside the image a distortion polynomial folds back, and a point seems to lie
    where another one does.
    """
    if cameras['dist'] is None:
        return torch.ones(shown.shape[:-1], dtype=torch.bool, device=shown.device)
    ideal = project(points[:, None], cameras['K'], cameras['R'], cameras['t'])[0]
    straight = undistort(shown, cameras['K'], cameras['dist'])
    return (straight - ideal).norm(dim=-1) < 1  # pixel; False where there is none


def _exchanged(
    pixels: Tensor, found: Consensus, threshold: float, pairs: Sequence[Tuple[int, int]]
) -> Tensor:
    """Pairs that fit a view better the other way round, bool (G, V, P)."""
    left, right = (list(side) for side in zip(*pairs))

    def cost(at: list, predicted: list) -> Tensor:
        error = (pixels[:, :, predicted] - found.pixels[:, :, at]).norm(dim=-1)
        return torch.nan_to_num(error, nan=threshold, posinf=threshold).clamp(max=threshold)

    own = cost(left, left) + cost(right, right)
    other = cost(left, right) + cost(right, left)
    outlier = ~(found.inliers[:, :, left] & found.inliers[:, :, right])
    return outlier & (other < own)


def _exchange(values: Tensor, exchanged: Tensor, pairs: Sequence[Tuple[int, int]]) -> Tensor:
    """Values (G, V, J, ...) of a view with its exchanged pairs put right."""
    left, right = (list(side) for side in zip(*pairs))
    chosen = exchanged.reshape(exchanged.shape + (1,) * (values.dim() - 3))
    result = values.clone()
    result[:, :, left] = torch.where(chosen, values[:, :, right], values[:, :, left])
    result[:, :, right] = torch.where(chosen, values[:, :, left], values[:, :, right])
    return result
