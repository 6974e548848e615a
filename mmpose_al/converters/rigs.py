"""What a rig's calibration looks like, in words: what to look at before anybody labels.

Nothing here is an error: odd rigs exist. What is odd is said.
"""

from typing import List, Optional, Sequence

import numpy as np

from .common import fold_radius
from .sources import Source

# Metres between two cameras that are as good as one.
SAME_PLACE = 1e-3
# Share of the way to the image's corner that a lens's distortion must reach.
REACH = 0.9
# Optical axes that are more parallel than this (condition number) meet nowhere.
PARALLEL = 1e3


def about_rig(
    sources: Sequence[Source], cameras: Sequence[dict], unused: Sequence[str] = ()
) -> List[str]:
    """What to look at before anybody labels.

    Turned views, cameras of the calibration without a view, how far cameras are apart, and
    calibrations that are hardly right.
    """
    lines = [f'{source.name}: {source.turned}' for source in sources if source.turned]
    if unused:
        lines.append(f'cameras of the calibration without a view: {", ".join(unused)}')
    for camera in cameras:
        share = reach(camera)
        if share < REACH:
            lines.append(
                f'warning: the distortion of camera {camera["name"]!r} folds back at '
                f'{100 * share:.0f} % of the way to the corner of the image. Are its coefficients '
                "in OpenCV's order (k1 k2 p1 p2 k3), and those of a pinhole?"
            )
    centers = np.array([-camera['R'].T @ camera['t'] for camera in cameras])
    if len(centers) < 2:
        return lines
    first, second = np.triu_indices(len(centers), 1)
    metres = np.linalg.norm(centers[first] - centers[second], axis=1) / 1000
    near, far = int(metres.argmin()), int(metres.argmax())
    lines.append(
        f'cameras: {metres[near]:.4g} to {metres[far]:.4g} m apart. If that is wrong, --unit or '
        'the extrinsics are'
    )
    if metres[near] < SAME_PLACE:
        names = [cameras[i[near]]['name'] for i in (first, second)]
        lines.append(
            f'warning: cameras {" and ".join(map(repr, names))} stand at one place, so nothing '
            'can be triangulated from them. Are they without extrinsics?'
        )
    behind = looks_away(cameras)
    if behind:
        lines.append(
            'warning: the point nearest to all optical axes lies behind camera '
            f'{", ".join(map(repr, behind))}. Are R and t those from the world to the camera, '
            'x_cam = R X + t?'
        )
    return lines


def reach(camera: dict) -> float:
    """The part of the way to the image's farthest corner that the distortion reaches.

    A radial polynomial has a largest distorted radius, where it folds back; pixels beyond it
    show no direction at all. Infinite where it does not fold.
    """
    radius = fold_radius(camera['dist'])
    if not np.isfinite(radius):
        return np.inf
    k = np.zeros(14)
    k[: len(camera['dist'])] = camera['dist']
    r2 = radius * radius
    above = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))
    below = 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]))
    w, h = camera['size']
    corners = np.array([(x, y, 1) for x in (-0.5, w - 0.5) for y in (-0.5, h - 0.5)])
    rays = corners @ np.linalg.inv(camera['K']).T
    return float(radius * above / below / np.hypot(rays[:, 0], rays[:, 1]).max())


def looks_away(cameras: Sequence[dict]) -> List[str]:
    """Names of cameras that have the point nearest to all optical axes behind them."""
    point = _meeting(cameras)
    if point is None:
        return []
    return [c['name'] for c in cameras if (c['R'] @ point + c['t'])[2] < 0]


def _meeting(cameras: Sequence[dict]) -> Optional[np.ndarray]:
    """The point nearest to all optical axes, (3,); None if they are parallel."""
    axes = np.array([camera['R'][2] for camera in cameras])
    centers = np.array([-camera['R'].T @ camera['t'] for camera in cameras])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    total = across.sum(axis=0)
    if np.linalg.cond(total) > PARALLEL:
        return None
    return np.linalg.solve(total, (across @ centers[:, :, None]).sum(axis=0)[:, 0])
