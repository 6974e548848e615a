"""Numbers of a report, as pure functions and over an experiment's rounds."""

from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch

from ...geometry.cameras import project
from ..experiment import Metric, Missing
from ..statistics import PoolStatistics
from ..strategies import (
    BestVsSecondBest,
    CoreSetPoses,
    CoreSetPoses2D,
    MultiPeakEntropy,
    MultiViewConsistency,
    QueryStrategy,
)
from ..strategies.core_set import root_aligned
from .experiment import ReportedExperiment

SHARE_OF_FULL = 0.95


def area(
    shares: Sequence[float], values: Sequence[float], span: Optional[Tuple[float, float]] = None
) -> float:
    """Area under a curve over its width, i.e. the mean value.

    Args:
        shares, values (Sequence[float]): The curve, shares ascending.
        span (tuple, optional): From where to where; the whole curve by default.

    Returns:
        float: NaN with less than two points, or where the curve does not reach.
    """
    x, y = np.asarray(shares, float), np.asarray(values, float)
    if len(x) < 2:
        return float('nan')
    low, high = span or (x[0], x[-1])
    if not high > low or low < x[0] - 1e-12 or high > x[-1] + 1e-12:
        return float('nan')
    inner = (x > low) & (x < high)
    at = np.concatenate([[low], x[inner], [high]])
    there = np.interp(at, x, y)
    return float((np.diff(at) * (there[1:] + there[:-1]) / 2).sum() / (high - low))


def target_of(full: float, lower: bool) -> float:
    """95 % of full supervision: of a score that much, of an error 1 / 0.95 of it."""
    return full / SHARE_OF_FULL if lower else full * SHARE_OF_FULL


def labels_needed(
    labels: Sequence[float], values: Sequence[float], target: float, lower: bool
) -> float:
    """Labels at which a curve first reaches a target, linear between the rounds.

    Returns:
        float: NaN if it never does.
    """
    sign = -1.0 if lower else 1.0
    y, goal = sign * np.asarray(values, float), sign * target
    for i in np.flatnonzero(y >= goal)[:1]:
        if i == 0:
            return float(labels[0])
        part = (goal - y[i - 1]) / (y[i] - y[i - 1])
        return float(labels[i - 1] + part * (labels[i] - labels[i - 1]))
    return float('nan')


def entropy(counts: Union[Sequence[int], np.ndarray]) -> float:
    """Of a histogram, nats; NaN of an empty one."""
    each = np.asarray(counts, float)
    if not each.sum():
        return float('nan')
    p = each[each > 0] / each.sum()
    return float(abs((p * np.log(p)).sum()))


def rank_correlation(score: np.ndarray, error: np.ndarray) -> Tuple[float, int]:
    """Spearman's rho over the finite pairs, and how many there are; NaN below 3."""
    from scipy.stats import spearmanr

    both = np.isfinite(score) & np.isfinite(error)
    count = int(both.sum())
    if count < 3 or np.ptp(score[both]) == 0 or np.ptp(error[both]) == 0:
        return float('nan'), count
    return float(spearmanr(score[both], error[both])[0]), count


def mean_and_deviation(values: Sequence[float]) -> Tuple[float, float]:
    """Of the finite values; the deviation is the sample's, NaN of one value."""
    finite = np.asarray([v for v in values if np.isfinite(v)], float)
    if not len(finite):
        return float('nan'), float('nan')
    return float(finite.mean()), float(finite.std(ddof=1)) if len(finite) > 1 else float('nan')


# ---- poses -------------------------------------------------------------------------


def pool_poses(experiment: ReportedExperiment) -> Tuple[np.ndarray, np.ndarray, str]:
    """Root-aligned 3D poses of the pool's frames.

    Returns:
        tuple: Units, poses (U, K, 3), and where they come from.

    Raises:
        Missing: There are none.
    """
    if experiment.unit != 'frames':
        raise Missing(f'poses in 3D are of frames; {experiment.unit} are labelled here')
    pool, root = experiment.pool, experiment.root()
    first: Dict[int, np.ndarray] = {}
    for (frame, _), pose in sorted(pool.truth().items()):
        if frame not in first and len(pose):
            first[frame] = np.where(pose[:, 3:] > 0, pose[:, :3], np.nan)
    poses = {i: first[i] for i in pool.units.tolist() if i in first}
    origin = 'the truth'
    if not poses:
        rounds = experiment.scored()
        if not rounds:
            raise Missing('the pool knows no 3D pose and no round has been scored')
        statistics = experiment.statistics(rounds[-1])
        if not statistics.views.calibrated.any():
            raise Missing('the pool has neither 3D poses nor cameras')
        groups = statistics.groups
        for unit, points in zip(groups.unit.tolist(), groups.points):
            poses.setdefault(unit, points)
        origin = f'predictions of round {rounds[-1]}'
    units = np.array(sorted(poses), np.int64)
    return units, root_aligned(np.stack([poses[i] for i in units.tolist()]), tuple(root)), origin


def histograms(
    units: np.ndarray, clusters: np.ndarray, picks: Sequence[Sequence[int]]
) -> np.ndarray:
    """How many of each pick lie in each cluster, (R, C)."""
    count = max(int(clusters.max(initial=-1)) + 1, 1)
    rows = []
    for ids in picks:
        chosen = clusters[np.isin(units, np.asarray(list(ids), np.int64))]
        rows.append(np.bincount(chosen[chosen >= 0], minlength=count))
    return np.array(rows).reshape(len(rows), count)


# ---- scores and the truth ------------------------------------------------------------


def scores_of(
    pool: PoolStatistics, root: Sequence[int], frames: bool = True
) -> Dict[str, np.ndarray]:
    """What each strategy would have said of each unit, (U, ).

    Args:
        pool (PoolStatistics): With predictions.
        root (Sequence[int]): Root joints of CoreSet.
        frames (bool): Whether units are frames, all views together; else strategies for
            single views stand alone.
    """
    asked: Dict[str, QueryStrategy] = dict(BSB=BestVsSecondBest(), MPE=MultiPeakEntropy())
    rig = frames and pool.views.calibrated.any()
    if rig:
        asked['MVC'] = MultiViewConsistency()
    if pool.labeled.any() and max(root) < pool.views.keypoints.shape[1]:
        asked['CoreSet'] = (CoreSetPoses if rig else CoreSetPoses2D)(tuple(root))
    return {
        name: strategy.utilities(pool)
        for name, strategy in asked.items()
        if all(statistic in pool.views for statistic in strategy.statistics)
    }


def true_errors(
    pool: PoolStatistics, annotations: Dict[int, np.ndarray], truth: Dict[tuple, np.ndarray]
) -> Dict[str, np.ndarray]:
    """Mean error of each unit's predictions, (U, ); NaN where the truth is not known.

    Args:
        pool (PoolStatistics): With predictions.
        annotations (dict): Annotation id -> (K, 3): x, y, visibility.
        truth (dict): (frame id, person id) -> (K, 4).

    Returns:
        dict: ``'2D'`` in pixels of the image, ``'3D'`` in mm after triangulation.
    """
    views = pool.views
    per_view = np.full(len(views.id), np.nan)
    for row, number in enumerate(views.id.tolist()):
        true = annotations.get(number)
        if true is not None and len(true) == views.keypoints.shape[1]:
            known = true[:, 2] > 0
            if known.any():
                per_view[row] = np.linalg.norm(
                    views.keypoints[row][known] - true[known, :2], axis=1
                ).mean()
    errors = {'2D': pool.over_views(per_view)}
    if truth and views.calibrated.any():
        groups = pool.groups
        per_group = np.full(len(groups.unit), np.nan)
        for index, row in enumerate(groups.rows[:, 0]):
            pose = truth.get((int(views.frame_id[row]), int(views.person_id[row])))
            if pose is not None and len(pose) == groups.points.shape[1]:
                known = (pose[:, 3] > 0) & groups.ok[index]
                if known.any():
                    per_group[index] = np.linalg.norm(
                        groups.points[index][known] - pose[known, :3], axis=1
                    ).mean()
        errors['3D'] = pool.over_views(per_group, members=pool.group_unit)
    return errors


def correlations(experiment: ReportedExperiment) -> List[dict]:
    """Rank correlation of each score with the true errors, of the unlabelled units.

    Raises:
        Missing: Nothing has been scored, or no truth is known.
    """
    rounds = experiment.scored()
    if not rounds:
        raise Missing('no round has been scored yet')
    pool = experiment.pool
    annotations = {
        a['id']: np.asarray(a['keypoints'], float).reshape(-1, 3)
        for a in pool.data['annotations']
        if a.get('keypoints')
    }
    frames = experiment.unit == 'frames'
    truth = pool.truth() if frames else {}
    rows = []
    for number in rounds:
        statistics = experiment.statistics(number)
        free = ~statistics.labeled
        errors = true_errors(statistics, annotations, truth)
        for name, score in scores_of(statistics, experiment.root(), frames).items():
            for kind, error in errors.items():
                rho, count = rank_correlation(score[free], error[free])
                rows.append(dict(round=number, score=name, error=kind, rho=rho, units=count))
    if not any(row['units'] for row in rows):
        raise Missing("the pool's file knows the truth of no unlabelled unit")
    told = {row['error'] for row in rows if row['rho'] == row['rho']}  # a number
    if not told:
        raise Missing("the pool's file knows the truth of too few unlabelled units")
    return [row for row in rows if row['error'] in told]


def residuals(experiment: ReportedExperiment) -> Tuple[int, Dict[str, np.ndarray]]:
    """Signed residuals (prediction minus reprojection) of each camera's inliers.

    Returns:
        tuple: The round that they are of (the last one scored) and camera name ->
        (M, 2) pixels, calibrations of one name together.

    Raises:
        Missing: Nothing has been scored, or there are no cameras.
    """
    rounds = experiment.scored()
    if not rounds:
        raise Missing('no round has been scored yet')
    pool = experiment.statistics(rounds[-1])
    views = pool.views
    if not views.calibrated.any():
        raise Missing('the pool has no cameras')
    groups = pool.groups
    group, place = np.nonzero(groups.rows >= 0)
    rows = groups.rows[group, place]
    arguments = [
        torch.from_numpy(np.ascontiguousarray(a, np.float64))
        for a in (
            np.nan_to_num(groups.points[group]),
            views.K[rows],
            views.R[rows],
            views.t[rows],
            views.dist[rows],
        )
    ]
    reprojected = project(*arguments)[0].numpy()
    difference = views.keypoints[rows] - reprojected
    good = groups.inliers[group, place]
    names = {c['id']: str(c.get('name', c['id'])) for c in experiment.pool.data['cameras']}
    result: Dict[str, List[np.ndarray]] = {}
    for camera in np.unique(views.camera_id[rows]).tolist():
        mine = views.camera_id[rows] == camera
        result.setdefault(names.get(camera, str(camera)), []).append(difference[mine][good[mine]])
    return rounds[-1], {name: np.concatenate(parts) for name, parts in result.items()}


# ---- several experiments -------------------------------------------------------------


def group_curves(experiments: Sequence[ReportedExperiment], metric: Metric) -> Dict[str, dict]:
    """Curves of runs that differ in their seed only.

    Returns:
        dict: Group -> ``labels``, ``shares``, ``mean``, ``deviation``, ``runs`` (of
        each point) and ``curves`` (of each experiment: labels, shares, values).
    """
    groups: Dict[str, dict] = {}
    for experiment in experiments:
        points = experiment.curve(metric.name)
        if points:
            group = groups.setdefault(experiment.group, dict(curves=[]))
            group['curves'].append(tuple(map(list, zip(*points))))
    for group in groups.values():
        at: Dict[int, list] = {}
        for labels, shares, values in group['curves']:
            for label, share, value in zip(labels, shares, values):
                at.setdefault(label, []).append((share, value))
        group['labels'] = sorted(at)
        group['shares'] = [float(np.mean([s for s, _ in at[k]])) for k in sorted(at)]
        group['runs'] = [len(at[k]) for k in sorted(at)]
        pairs = [mean_and_deviation([v for _, v in at[k]]) for k in sorted(at)]
        group['mean'], group['deviation'] = map(list, zip(*pairs))
    return groups


def common_span(groups: Dict[str, dict]) -> Optional[Tuple[float, float]]:
    """Labelled shares that all curves cover; None where there is no such part."""
    curves = [curve for group in groups.values() for curve in group['curves']]
    if not curves:
        return None
    low, high = max(c[1][0] for c in curves), min(c[1][-1] for c in curves)
    return (low, high) if high > low else None
