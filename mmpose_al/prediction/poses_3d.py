"""A recording in 3D: keypoints of all views, triangulated robustly, frame by frame.

Notation: frames F, views V, keypoints K. Lengths are millimetres of the calibration's world.
"""

from typing import NamedTuple, Optional, Tuple

import numpy as np
import torch

from ..geometry.evidence import Grade, grades, view_weights
from ..geometry.smoothing import point_covariance, smooth_robustly
from ..geometry.triangulation import reprojection_errors, triangulate_robust
from .views import ViewKeypoints

UNIT = 'mm'
FILLED = 'filled'
# Median of the squared length of a two-dimensional normal deviate of variance 1.
_MEDIAN = 2 * np.log(2)


class Poses3D(NamedTuple):
    """Triangulated keypoints.

    Attributes:
        views (ViewKeypoints): What they were made of.
        measured (ndarray): Triangulated, (F, K, 3); NaN where that failed.
        inliers (ndarray): Views that agree, bool (F, V, K).
        grade (ndarray): :class:`~mmpose_al.geometry.evidence.Grade`, int8 (F, K).
        points (ndarray): What is written: as measured, or smoothed, (F, K, 3).
        errors (ndarray): Distance of each view's keypoint to the projection of the point,
            pixels, (F, V, K); NaN where either is missing.
        acceleration (float, optional): Of the smoother, mm/s^2; None without.
    """

    views: ViewKeypoints
    measured: np.ndarray
    inliers: np.ndarray
    grade: np.ndarray
    points: np.ndarray
    errors: np.ndarray
    acceleration: Optional[float] = None

    @property
    def error(self) -> np.ndarray:
        """Mean error of the views that agree, pixels, (F, K); NaN without any."""
        return mean_where(self.errors, self.inliers, 1)

    @property
    def num_views(self) -> np.ndarray:
        """Views that agree, (F, K)."""
        return self.inliers.sum(1)

    @property
    def score(self) -> np.ndarray:
        """Mean confidence of the views that agree, (F, K); NaN without any."""
        return mean_where(self.views.scores, self.inliers, 1)

    def status(self) -> np.ndarray:
        """Names of the grades in lower case, (F, K); ``'filled'`` where the smoother bridged."""
        names = np.array([grade.name.lower() for grade in sorted(Grade)], object)
        status = names[self.grade]
        failed = np.isnan(self.measured).any(-1)
        status[failed & np.isfinite(self.points).all(-1)] = FILLED
        return status


def triangulate(
    views: ViewKeypoints,
    threshold: float = 20.0,
    min_inliers: int = 2,
    weights: Optional[str] = 'confidence2',
    min_score: float = 0.0,
    seed: int = 0,
) -> Poses3D:
    """Triangulate each keypoint of each frame.

    Args:
        views (ViewKeypoints): The keypoints.
        threshold (float): Largest reprojection error of an inlier, pixels.
        min_inliers (int): Views that have to agree.
        weights (str, optional): What views weigh, see
            :func:`~mmpose_al.geometry.evidence.view_weights`.
        min_score (float): Keypoints with a lower confidence do not take part.
        seed (int): For pairs of views, where there are too many for all.
    """
    frames, count, joints = views.scores.shape
    pixels = np.where((views.scores >= min_score)[..., None], views.pixels, np.nan)
    K, R, t, dist = camera_tensors(views)
    result = triangulate_robust(
        by_keypoint(pixels),
        K,
        R,
        t,
        dist,
        view_weights(by_keypoint(views.scores), weights),
        threshold=threshold,
        min_inliers=min_inliers,
        seed=seed,
    )

    def shaped(values: torch.Tensor, *tail: int) -> np.ndarray:
        return values.numpy().reshape(frames, joints, *tail)

    points = shaped(result.points, 3)
    return Poses3D(
        views,
        points,
        shaped(result.inliers, count).transpose(0, 2, 1),
        shaped(grades(result.status, result.inliers)),
        points,
        errors_of(views, points),
    )


def smoothed(
    poses: Poses3D,
    acceleration: Optional[float] = None,
    max_gap: int = 5,
    weights: Optional[str] = 'confidence2',
    fps: Optional[float] = None,
) -> Poses3D:
    """Smooth the points over time, see :mod:`mmpose_al.geometry.smoothing`.

    Each point is as sure as its views leave it: their number, where they stand, and their
    confidence. How many pixels a view of the weight 1 errs is taken from the residuals.

    Args:
        poses (Poses3D): Of :func:`triangulate`.
        acceleration (float, optional): mm/s^2; None: the likeliest.
        max_gap (int): Longest gap that is filled, frames.
        weights (str, optional): As in :func:`triangulate`.
        fps (float, optional): Frames a second, where the views have no times.

    Raises:
        ValueError: Nothing tells the times of the frames.
    """
    views = poses.views
    times = views.times
    if times is None:
        if not fps:
            raise ValueError('smoothing needs the times of the frames; give --fps')
        times = np.arange(len(poses.points)) / fps
    covariance = torch.from_numpy(covariance_of(poses, weights))
    points, seconds = torch.from_numpy(poses.measured), torch.from_numpy(times)
    result, acceleration = smooth_robustly(points, covariance, seconds, acceleration, max_gap)
    found = result.points.numpy()
    shown = np.where(np.isfinite(found), found, poses.measured)
    return poses._replace(points=shown, errors=errors_of(views, shown), acceleration=acceleration)


def covariance_of(poses: Poses3D, weights: Optional[str]) -> np.ndarray:
    """Covariance of the measured points, mm^2, (F, K, 3, 3)."""
    frames, joints = poses.grade.shape
    used = view_weights(by_keypoint(poses.views.scores), weights)
    inliers = by_keypoint(poses.inliers.astype(float))
    used = inliers if used is None else used * inliers
    errors = by_keypoint(np.nan_to_num(poses.errors, nan=0.0, posinf=0.0))
    squares = (used * errors * errors)[used > 0]
    sigma = float((squares.median() / _MEDIAN).sqrt()) if len(squares) else 1.0
    points = torch.from_numpy(poses.measured.reshape(-1, 3))
    K, R, t, dist = camera_tensors(poses.views)
    found = point_covariance(points, K, R, t, dist, used, max(sigma, 1e-3))
    return found.numpy().reshape(frames, joints, 3, 3)


def errors_of(views: ViewKeypoints, points: np.ndarray) -> np.ndarray:
    """Reprojection errors of points (F, K, 3) in all views, pixels, (F, V, K)."""
    frames, count, joints = views.scores.shape
    cameras = camera_tensors(views)
    found = reprojection_errors(
        by_keypoint(views.pixels), torch.from_numpy(points.reshape(-1, 3)), *cameras
    )
    return found.numpy().reshape(frames, joints, count).transpose(0, 2, 1)


def camera_tensors(
    views: ViewKeypoints,
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """K, R, t and distortion of the V views, float64."""
    most = max(len(np.ravel(camera['dist'])) for camera in views.cameras)
    filled = [
        np.pad(np.ravel(c['dist']), (0, most - len(np.ravel(c['dist'])))) for c in views.cameras
    ]
    arrays = [np.stack([np.asarray(c[key], float) for c in views.cameras]) for key in 'KRt']
    K, R, t, dist = (
        torch.from_numpy(np.ascontiguousarray(each)) for each in [*arrays, np.stack(filled)]
    )
    return K, R, t, dist


def by_keypoint(values: np.ndarray) -> torch.Tensor:
    """Values (F, V, K, ...) as (F K, V, ...), float64."""
    swapped = np.ascontiguousarray(np.swapaxes(values, 1, 2), float)
    return torch.from_numpy(swapped.reshape(-1, *swapped.shape[2:]))


def mean_where(values: np.ndarray, chosen: np.ndarray, axis: int) -> np.ndarray:
    """Mean of the chosen finite values along an axis; NaN without any."""
    chosen = chosen & np.isfinite(values)
    count = chosen.sum(axis)
    total = np.where(chosen, values, 0.0).sum(axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
