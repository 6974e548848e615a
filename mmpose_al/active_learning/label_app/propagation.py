"""A joint clicked in some views of a rig says where it is in the others.

Notation: views V of one person at one moment, joints J; pixels are those of the pool.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Union

import numpy as np
import torch

from ...geometry.cameras import camera_centers, pad_distortion, project, unproject
from ...geometry.consensus import Consensus, consensus
from ..pool import Pool

# Where a point of an epipolar line may be, in distances between cameras, and how many are tried.
_NEAR, _FAR, _STEPS = 0.02, 50.0, 400


class Rig(NamedTuple):
    """Cameras of the views of a person, float64; NaN where a view has none.

    Attributes:
        K, R, t, dist (Tensor): (V, 3, 3), (V, 3, 3), (V, 3), (V, 14).
    """

    K: torch.Tensor
    R: torch.Tensor
    t: torch.Tensor
    dist: torch.Tensor

    @property
    def known(self) -> np.ndarray:
        """Views with a camera, bool (V, )."""
        return torch.isfinite(self.t).all(1).numpy()


class Agreed(NamedTuple):
    """What the clicks, or the predictions, of some views agree on.

    Attributes:
        pixels (ndarray): Where the point is in every view, (V, J, 2); NaN without.
        errors (ndarray): Distance in pixels of what a view said to it, (V, J); NaN without.
        inliers (ndarray): Views that agree, bool (V, J).
        met (ndarray): Joints with a point, bool (J, ).
    """

    pixels: np.ndarray
    errors: np.ndarray
    inliers: np.ndarray
    met: np.ndarray


def rig_of(pool: Pool, images: Sequence[dict]) -> Rig:
    """The cameras of some images of the pool."""
    cameras = {camera['id']: camera for camera in pool.data['cameras']}
    parts: Dict[str, List[torch.Tensor]] = dict(K=[], R=[], t=[], dist=[])
    for image in images:
        camera = cameras.get(image.get('camera_id')) or {}
        for name, shape in (('K', (3, 3)), ('R', (3, 3)), ('t', (3,))):
            value = camera.get(name)
            value = np.full(shape, np.nan) if value is None else np.asarray(value, np.float64)
            parts[name].append(torch.from_numpy(value.reshape(shape)))
        dist = camera.get('dist')
        dist = np.zeros(0) if dist is None else np.asarray(dist, np.float64)
        parts['dist'].append(pad_distortion(torch.from_numpy(dist)))
    return Rig(**{name: torch.stack(values) for name, values in parts.items()})


def agree(
    rig: Rig,
    pixels: np.ndarray,
    threshold: Union[float, np.ndarray],
    scores: Optional[np.ndarray] = None,
    min_inliers: int = 2,
) -> Agreed:
    """Triangulate what views say of joints, robustly, and project it into all of them.

    Args:
        rig (Rig): The cameras of V views.
        pixels (ndarray): (V, J, 2); NaN where a view says nothing.
        threshold (float | ndarray): Largest reprojection error of an inlier, pixels; of all
            views, or of each (V, ).
        scores (ndarray, optional): Confidences, (V, J); a view weighs by their square.
        min_inliers (int): Views that have to agree, at least 2.

    Returns:
        Agreed: See there; no joint has a point where fewer than two views have cameras.
    """
    if rig.known.sum() < 2:
        nothing = np.full(pixels.shape[:2], np.nan)
        nobody = np.zeros(pixels.shape[:2], bool)
        return Agreed(np.full(pixels.shape, np.nan), nothing, nobody, nobody.any(0))
    reach = np.broadcast_to(np.asarray(threshold, np.float64), len(pixels))
    found = _consensus(rig, pixels, reach, scores, min_inliers)
    inliers = found.inliers[0].numpy()
    if (np.isfinite(pixels).all(-1) & ~inliers & found.found[0].numpy()).any():
        # The first fit may have been drawn towards a view that it then left out.
        kept = np.where(inliers[..., None], pixels, np.nan)
        found = _consensus(rig, kept, reach, scores, min_inliers)
    shown = found.pixels[0].numpy() * reach[:, None, None]
    errors = np.linalg.norm(pixels - shown, axis=-1)
    return Agreed(shown, errors, errors <= reach[:, None], found.found[0].numpy())


def _consensus(
    rig: Rig, pixels: np.ndarray, reach: np.ndarray, scores: Optional[np.ndarray], min_inliers: int
) -> Consensus:
    """What the views agree on, each measured in its own reach, which is 1 then."""
    K = rig.K.clone()
    K[:, :2] /= torch.from_numpy(reach.copy())[:, None, None]
    return consensus(
        torch.from_numpy(pixels / reach[:, None, None])[None],
        K[None],
        rig.R[None],
        rig.t[None],
        rig.dist[None],
        scores=None if scores is None else torch.from_numpy(scores)[None],
        threshold=1.0,
        min_inliers=min_inliers,
    )


def epipolar_line(rig: Rig, view: int, pixel: Sequence[float], other: int) -> np.ndarray:
    """Where a point that one view sees at a pixel may be in another view.

    With a distorting lens it is a curve; so points of the ray are projected one by one.

    Args:
        rig (Rig): The cameras.
        view, other (int): Places of the views.
        pixel (Sequence[float]): x, y in ``view``.

    Returns:
        ndarray: (N, 2), along the ray from near to far; those in front of both cameras.
    """
    centers = camera_centers(rig.R, rig.t)
    baseline = (centers[view] - centers[other]).norm()
    if not torch.isfinite(baseline) or baseline <= 0:
        return np.zeros((0, 2))
    depths = baseline * torch.logspace(np.log10(_NEAR), np.log10(_FAR), _STEPS, dtype=torch.float64)
    at = torch.tensor([list(pixel)], dtype=torch.float64).expand(_STEPS, 2)
    points = unproject(at, depths, rig.K[view], rig.R[view], rig.t[view], rig.dist[view])
    shown, _ = project(points, rig.K[other], rig.R[other], rig.t[other], rig.dist[other])
    return shown[torch.isfinite(shown).all(1)].numpy()


def clip_line(line: np.ndarray, width: int, height: int) -> List[List[float]]:
    """The part of a line in an image and one point on each side of it, for drawing."""
    inside = ((line >= -0.5) & (line <= [width - 0.5, height - 0.5])).all(1)
    if not inside.any():
        return []
    near = inside.copy()
    near[:-1] |= inside[1:]
    near[1:] |= inside[:-1]
    first, last = np.flatnonzero(near)[[0, -1]]
    return line[first : last + 1].round(2).tolist()
