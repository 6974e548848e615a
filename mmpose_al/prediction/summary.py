"""What became of a recording in 3D: shares, errors of cameras and joints, frames to look at."""

from typing import Any, Dict, List

import numpy as np
import torch

from ..geometry.evidence import Grade
from ..geometry.triangulation import camera_residuals, multi_view_consistency
from .poses_3d import UNIT, Poses3D, by_keypoint, camera_tensors

FORMAT, VERSION = 'mmpose_al-summary-3d', 1


def summary(poses: Poses3D, look: int = 10) -> Dict[str, Any]:
    """Figures of a recording.

    Args:
        poses (Poses3D): The recording.
        look (int): How many frames to look at.

    Returns:
        dict: ``recording``, its name; ``share`` of each grade in percent of all keypoints;
        ``error`` in pixels over the views that agree; ``cameras`` and ``joints`` with their
        own; ``jump``, the distance of a point from one frame to the next in mm; ``look_at``,
        the worst frames.
    """
    views, inliers = poses.views, poses.inliers
    errors = np.where(inliers & np.isfinite(poses.errors), poses.errors, np.nan)
    signed, _ = camera_residuals(
        by_keypoint(views.pixels),
        torch.from_numpy(poses.points.reshape(-1, 3)),
        *camera_tensors(views),
        inliers=by_keypoint(inliers.astype(float)) > 0,
    )
    seen = np.isfinite(views.pixels).all(-1)
    found = np.isfinite(poses.points).all(-1)
    cameras = [
        dict(
            name=camera['name'],
            inliers=_share(inliers[:, view], seen[:, view]),
            **_spread(errors[:, view]),
            residual=[_plain(v) for v in signed[view].tolist()],
        )
        for view, camera in enumerate(views.cameras)
    ]
    joints = [
        dict(
            name=name,
            found=_share(found[:, joint], np.ones(len(found), bool)),
            **_spread(errors[:, :, joint]),
        )
        for joint, name in enumerate(views.skeleton.joints)
    ]
    jumps = dict(measured=_spread(jumps_of(poses.measured)))
    if poses.acceleration is not None:
        jumps['smoothed'] = _spread(jumps_of(poses.points))
    return dict(
        format=FORMAT,
        version=VERSION,
        recording=views.name,
        frames=len(poses.points),
        share={g.name.lower(): _share(poses.grade == g, poses.grade >= 0) for g in Grade},
        found=_share(found, np.ones_like(found)),
        error=_spread(errors),
        jump=jumps,
        unit=dict(error='pixels', jump=UNIT, share='percent'),
        cameras=cameras,
        joints=joints,
        look_at=look_at(poses, look),
    )


def look_at(poses: Poses3D, count: int) -> List[Dict[str, Any]]:
    """The frames whose views agree least (Feng23, Eq. 8), the worst first.

    ``error`` is the root of the mean squared distance in pixels, where a keypoint that does
    not triangulate counts as the image's diagonal.
    """
    failed = np.isnan(poses.measured).any(-1)  # also where the smoother filled it
    each = np.where(failed[:, None], np.nan, poses.errors)
    errors = torch.from_numpy(np.ascontiguousarray(each.transpose(0, 2, 1)))
    diagonals = torch.from_numpy(poses.views.diagonals)
    scores = multi_view_consistency(errors, diagonals).sqrt().numpy()
    order = np.argsort(-np.nan_to_num(scores, nan=np.inf), kind='stable')[:count]
    joints = np.array(poses.views.skeleton.joints, object)
    result = []
    for frame in order.tolist():
        missing = joints[failed[frame]].tolist()
        entry = dict(frame=frame, error=_plain(scores[frame]), not_found=missing)
        if poses.views.times is not None:
            entry['time'] = round(float(poses.views.times[frame]), 3)
        result.append(entry)
    return result


def jumps_of(points: np.ndarray) -> np.ndarray:
    """Distances of points (F, K, 3) from one frame to the next, (F - 1, K)."""
    return np.linalg.norm(np.diff(points, axis=0), axis=-1)


def in_words(content: Dict[str, Any]) -> List[str]:
    """A summary as lines for people."""
    share = {name: value for name, value in content['share'].items() if value}
    texts = [f'{value:.1f} % {name.replace("_", " ")}' for name, value in share.items()]
    error = content['error']
    lines = [
        f'{content["frames"]} frames, {content["found"]:.1f} % of the keypoints in 3D: '
        + ', '.join(texts),
        f'reprojection error: median {_text(error["median"])} px, 95 % below '
        f'{_text(error["p95"])} px',
    ]
    for camera in content['cameras']:
        x, y = camera['residual']
        lines.append(
            f'  {camera["name"]}: {camera["inliers"]:.1f} % agree, median '
            f'{_text(camera["median"])} px, mean offset ({_text(x)}, {_text(y)}) px'
        )
    worst = sorted(content['joints'], key=lambda joint: joint['found'])[:3]
    rare = [f'{joint["name"]} {joint["found"]:.1f} %' for joint in worst if joint['found'] < 100]
    if rare:
        lines.append(f'keypoints found least often: {", ".join(rare)}')
    for name, jump in content['jump'].items():
        lines.append(
            f'from frame to frame, {name}: median {_text(jump["median"])} {UNIT}, 95 % below '
            f'{_text(jump["p95"])}, largest {_text(jump["max"])}'
        )
    frames = ', '.join(str(entry['frame']) for entry in content['look_at'])
    return lines + ([f'look at frames {frames}'] if frames else [])


def _spread(values: np.ndarray) -> Dict[str, Any]:
    values = values[np.isfinite(values)]
    if not len(values):
        return dict(median=None, mean=None, p95=None, max=None)
    return dict(
        median=_plain(np.median(values)),
        mean=_plain(values.mean()),
        p95=_plain(np.percentile(values, 95)),
        max=_plain(values.max()),
    )


def _share(chosen: np.ndarray, of: np.ndarray) -> float:
    """Percent."""
    total = int(np.sum(of))
    return round(100 * float(np.sum(chosen & of)) / total, 2) if total else 0.0


def _plain(value: float) -> Any:
    return round(float(value), 3) if np.isfinite(value) else None


def _text(value: Any) -> str:
    return '-' if value is None else f'{value:.1f}'
