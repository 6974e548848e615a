"""Points over time, each moved to the median of those around it, weighted by the confidence.

A running median takes jumps back, keeps motion in one direction exactly, and never leaves the
range of the points; it errs where motion turns within the window (Tukey, "Exploratory Data
Analysis", 1977, Ch. 7). Windows have as many frames before as after, so they shrink at the ends.

Notation: frames F, keypoints K.
"""

from typing import Tuple

import numpy as np

_EPS = 1e-9  # a share of the weight


def running_median(
    points: np.ndarray, confidence: np.ndarray, times: np.ndarray, radius: float
) -> Tuple[np.ndarray, np.ndarray]:
    """Weighted medians of the points around each one, in x and in y.

    Args:
        points (ndarray): Shape (F, K, 2).
        confidence (ndarray): The weight of a point, at least 0, (F, K); one with 0 takes no part.
        times (ndarray): Of the frames, rising, (F, ). Numbers of frames, or seconds.
        radius (float): How far away in time a neighbour may be, in the unit of times.

    Returns:
        tuple: Points, float64 (F, K, 2), and their confidence (F, K), the mean of the window's
        by its weights. A point with confidence 0 is put between its neighbours where it has
        some before and after it, and stays as it is, with confidence 0, where not.

    Raises:
        ValueError: Times that do not rise, or a radius that is not above 0.
    """
    points, confidence = np.asarray(points, float), np.asarray(confidence, float)
    times = np.asarray(times, float)
    if not (np.diff(times) > 0).all():
        raise ValueError('times rise from frame to frame')
    if not radius > 0:
        raise ValueError(f'radius is above 0; got {radius}')
    confidence = np.where(np.isfinite(points).all(-1), confidence, 0.0)
    rows, later = _windows(times, radius)
    weight = np.where((rows >= 0)[..., None], confidence[rows], 0.0)  # (F, n, K)
    total = weight.sum(1)
    before, after = ((weight * side[..., None]).sum(1) > 0 for side in (later < 0, later > 0))
    shown = (total > 0) & ((confidence > 0) | (before & after))
    known = np.where(confidence[..., None] > 0, points, 0.0)
    middle = _weighted_median(known[rows], np.repeat(weight[..., None], 2, -1))
    mean = (weight * weight).sum(1) / np.where(total > 0, total, 1.0)
    return np.where(shown[..., None], middle, points), np.where(shown, mean, 0.0)


def _windows(times: np.ndarray, radius: float) -> Tuple[np.ndarray, np.ndarray]:
    """Frames around each frame, as many before as after, and how much later they are.

    Both (F, n); a row has -1 where there are fewer.
    """
    number = np.arange(len(times))
    before = number - np.searchsorted(times, times - radius - _EPS, 'left')
    after = np.searchsorted(times, times + radius + _EPS, 'right') - 1 - number
    reach = np.minimum(before, after)
    offset = np.arange(-reach.max(initial=0), reach.max(initial=0) + 1)
    rows = np.where(np.abs(offset) <= reach[:, None], number[:, None] + offset, -1)
    return rows, times[rows] - times[:, None] if len(times) else np.zeros(rows.shape)


def _weighted_median(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Along the second axis: where half of the weight lies below; between two values their mean."""
    order = np.argsort(values, 1)
    values, weight = (np.take_along_axis(each, order, 1) for each in (values, weight))
    share = np.cumsum(weight, 1) / np.maximum(weight.sum(1, keepdims=True), 1e-300)
    sides = [(share >= 0.5 - _EPS).argmax(1), (share > 0.5 + _EPS).argmax(1)]
    lower, upper = (np.take_along_axis(values, side[:, None], 1)[:, 0] for side in sides)
    return (lower + upper) / 2
