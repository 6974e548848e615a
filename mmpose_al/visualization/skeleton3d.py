"""3D poses with the cameras around them, and residuals of each camera."""

from typing import Dict, Optional, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from ..fileio import write_figure


def draw_scene(
    poses: Dict[str, np.ndarray],
    skeleton: Sequence[Tuple[int, int]],
    out_file: str,
    cameras: Optional[Sequence[dict]] = None,
    up: Optional[Sequence[float]] = None,
) -> None:
    """Draw 3D poses: close by and, if cameras are given, in the scene they see.

    All axes have one scale. The scene is in metres, the poses in millimetres from the
    centre of the first pose.

    Args:
        poses (dict): Label -> joints (K, 3) in world mm, NaN where unknown.
        skeleton (list): Pairs of joint indices.
        out_file (str): The picture to write.
        cameras (list, optional): Dicts with ``R`` (3, 3), ``t`` (3,) and ``name``.
        up (Sequence[float], optional): The world's direction up; by default what is up
            in the mean image, or +z without cameras.

    Raises:
        ValueError: No pose has a known joint.
    """
    known = [pose[np.isfinite(pose).all(1)] for pose in poses.values()]
    if not any(len(points) for points in known):
        raise ValueError('no pose has a known joint: there is nothing to draw')
    cameras = list(cameras or ())
    if up is None:
        up = upwards([camera['R'] for camera in cameras])
    turn = upright(up)
    centre = next(points for points in known if len(points)).mean(0)
    count = 2 if cameras else 1
    figure = Figure(figsize=(6 * count, 5.6), layout='constrained')
    if cameras:
        axes = figure.add_subplot(1, count, 1, projection='3d')
        for index, pose in enumerate(poses.values()):
            _draw_pose(axes, pose @ turn.T / 1000, skeleton, f'C{index}', 1)
        centers = np.stack([-np.asarray(c['R']).T @ c['t'] for c in cameras])
        size = 0.08 * np.linalg.norm(centers - centre, axis=1).mean()
        corners = [_draw_camera(axes, camera, size, turn) for camera in cameras]
        _fit(axes, np.concatenate(corners + [p @ turn.T / 1000 for p in known]), 'm')
        axes.set_title(f'scene, {len(cameras)} cameras')
    axes = figure.add_subplot(1, count, count, projection='3d')
    for index, (label, pose) in enumerate(poses.items()):
        _draw_pose(axes, (pose - centre) @ turn.T, skeleton, f'C{index}', 2, label)
    _fit(axes, np.concatenate([(p - centre) @ turn.T for p in known]), 'mm')
    axes.set_title('poses')
    axes.legend(loc='upper left', fontsize='small')
    # The layout does not know where 3D axes have their labels: a tall pose puts them beyond.
    write_figure(out_file, figure, dpi=110, bbox_inches='tight')


def plot_residuals(
    residuals: Dict[str, np.ndarray],
    out_file: str,
    limit: Optional[float] = None,
    drawn: Optional[int] = None,
) -> None:
    """Draw each camera's residuals (prediction minus reprojection) and their mean.

    A camera whose cloud does not lie around the cross of the axes is calibrated with a
    bias, or its predictions have one.

    Args:
        residuals (dict): Name of a camera -> (M, 2) pixels, x to the right, y down; NaN
            is left out.
        out_file (str): The picture to write.
        limit (float, optional): Half side of the panels in pixels; by default 99 % of
            all points are inside.
        drawn (int, optional): Points of a camera that are drawn at most, chosen at random;
            mean and number are those of all.

    Raises:
        ValueError: No camera is given.
    """
    if not residuals:
        raise ValueError('no camera: there is nothing to draw')
    finite = {name: np.asarray(r, float)[np.isfinite(r).all(1)] for name, r in residuals.items()}
    if limit is None:
        reach = np.concatenate([np.abs(r).max(1) for r in finite.values()])
        limit = 1.05 * float(np.percentile(reach, 99)) if len(reach) else 1.0
    limit = max(limit, 1e-6)
    columns = min(len(finite), max(2, int(np.ceil(np.sqrt(len(finite))))))
    rows = -(-len(finite) // columns)
    figure = Figure(figsize=(2.8 * columns, 3.1 * rows), layout='constrained')
    for index, (name, points) in enumerate(finite.items()):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.axhline(0, color='0.6', linewidth=0.8)
        axes.axvline(0, color='0.6', linewidth=0.8)
        shown = _some(points, drawn)
        axes.plot(
            shown[:, 0], shown[:, 1], '.', color='C0', markersize=3, alpha=0.5, rasterized=True
        )
        title = f'{name}: no inlier'
        if len(points):
            x, y = points.mean(0)
            axes.plot([0, x], [0, y], color='C3', linewidth=1.5)
            axes.plot([x], [y], 'o', color='C3', markersize=6)
            title = f'{name}: mean ({x:+.2f}, {y:+.2f})\n{len(points)} joints'
            title += f', {len(shown)} drawn' if len(shown) < len(points) else ''
        axes.set_title(title, fontsize='small')
        axes.set_xlim(-limit, limit)
        axes.set_ylim(limit, -limit)
        axes.set_aspect('equal')
        axes.tick_params(labelsize='x-small')
    figure.supxlabel('x residual [px]')
    figure.supylabel('y residual [px], down')
    write_figure(out_file, figure, dpi=110)


def _some(points: np.ndarray, most: Optional[int]) -> np.ndarray:
    """At most so many rows, chosen at random, the same ones each time."""
    if most is None or len(points) <= most:
        return points
    return points[np.random.RandomState(0).choice(len(points), most, replace=False)]


def upwards(rotations: Sequence[np.ndarray]) -> np.ndarray:
    """What is up in the mean of images (y is down in each); +z where nothing is."""
    up = -sum((np.asarray(R)[1] for R in rotations), np.zeros(3))
    length = np.linalg.norm(up)
    if length <= 0.1 * len(rotations):
        return np.array([0, 0, 1.0])
    return up / length


def upright(up: Sequence[float]) -> np.ndarray:
    """A rotation (3, 3) that turns a direction to +z and else turns little.

    ``up`` that is +z gives the identity.
    """
    z = np.asarray(up, float) / np.linalg.norm(up)
    first = np.eye(3)[0 if abs(z[0]) < 0.9 else 1]
    x = first - (first @ z) * z
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def nice_step(length: float) -> float:
    """The smallest of 1, 2, 5, 10, ... (times a power of ten) that is no shorter."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * next(n for n in (1, 2, 5, 10) if n * power >= length * 0.999))


def _draw_pose(
    axes, points: np.ndarray, skeleton, color: str, width: float, label: Optional[str] = None
) -> None:
    bones = points[np.asarray(skeleton, int).reshape(-1, 2)]  # NaN breaks a line
    gaps = np.full((len(bones), 1, 3), np.nan)
    line = np.concatenate([bones, gaps], 1).reshape(-1, 3)
    axes.plot(*line.T, color=color, linewidth=width)
    axes.plot(*points.T, '.', color=color, markersize=4 * width, label=label)


def _draw_camera(axes, camera: dict, size: float, turn: np.ndarray) -> np.ndarray:
    """A pyramid from the centre along the view; its corners (5, 3) in turned metres."""
    R, t = np.asarray(camera['R'], float), np.asarray(camera['t'], float)
    corners = size * np.array(
        [[0, 0, 0], [-0.6, -0.45, 1], [0.6, -0.45, 1], [0.6, 0.45, 1], [-0.6, 0.45, 1]]
    )
    corners = (corners - t) @ R @ turn.T / 1000
    path = corners[[0, 1, 2, 3, 4, 1, 0, 2, 3, 0, 4]]
    axes.plot(*path.T, color='0.3', linewidth=0.8)
    axes.text(*corners[0], f'  {camera["name"]}', fontsize='small')
    return corners


def _fit(axes, points: np.ndarray, unit: str) -> None:
    """Limits around all points, with one scale for the three axes."""
    low, high = points.min(0), points.max(0)
    longest = max((high - low).max(), 1e-6)
    half = np.maximum(0.55 * (high - low), 0.25 * longest)  # none is too thin to read
    low, high = (low + high) / 2 - half, (low + high) / 2 + half
    step = nice_step(longest / 8)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MultipleLocator(step))
    axes.tick_params(labelsize='small')
    axes.tick_params(axis='z', pad=7)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_zlim(low[2], high[2])
    axes.set_box_aspect(high - low, zoom=0.9)  # leaves room for the labels
    axes.set_xlabel(f'[{unit}]')
    axes.set_ylabel(f'[{unit}]')
    axes.set_zlabel(f'up [{unit}]', labelpad=10)
