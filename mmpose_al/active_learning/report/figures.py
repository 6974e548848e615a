"""Figures of a report: each a PNG, with its numbers as CSV beside it."""

import csv
import math
import os.path as osp
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...datasets.images import read_picture
from ...fileio import atomic, write_figure
from ...visualization import draw_views, plot_residuals
from ..experiment import Metric, Missing
from ..pose_clusters import CLUSTERS, cluster_poses
from ..statistics import PoolStatistics
from ..strategies.base import NOT_JUDGED
from .analysis import (
    SHARE_OF_FULL,
    correlations,
    entropy,
    histograms,
    pool_poses,
    residuals,
    target_of,
)
from .experiment import ReportedExperiment

_COLORS = 128  # of a picture of frames: small files
_MOST_POINTS = 2000  # of a camera that are drawn


class Section:
    """A part of a page.

    Args:
        title (str): Heading.
        text (str): What it shows.

    Attributes:
        pictures (list): (file name, description); several are a grid.
        header, rows: Of the table.
        csv (str, optional): File name.
        reason (str, optional): Why it is not there.
    """

    def __init__(self, title: str, text: str = ''):
        self.title, self.text = title, text
        self.pictures: List[Tuple[str, str]] = []
        self.header: List[str] = []
        self.rows: List[list] = []
        self.csv: Optional[str] = None
        self.reason: Optional[str] = None

    def tabulate(self, folder: str, name: str, rows: Sequence[Sequence]) -> None:
        """Take rows of values as the table, and write them into a CSV file of a folder."""
        self.rows = [[number(v) for v in row] for row in rows]
        self.csv = write_csv(folder, name, self.header, rows)


def number(value: Any, digits: int = 3) -> str:
    """For a table: whole numbers whole, others with three digits; a dash for what is not known."""
    if value is None:
        return '–'
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            return '–'
        whole = abs(value) >= 10 ** (digits - 1)
        return f'{value:.0f}' if whole else f'{value:.{digits}g}'
    return str(value)


def write_csv(folder: str, name: str, header: Sequence[str], rows: Iterable[Sequence]) -> str:
    """Write numbers atomically; NaN stays empty."""
    with atomic(osp.join(folder, name)) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow(['' if isinstance(v, float) and math.isnan(v) else v for v in row])
    return name


def _axes(x: str, y: str, size: Tuple[float, float] = (6.4, 4.0)) -> Tuple[Figure, Any]:
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    return figure, axes


def whole_numbers(*axes: Any) -> None:
    """Let axes of matplotlib, of which units or rounds are counted, show whole numbers only."""
    for axis in axes:
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def plain(text: str) -> str:
    """Text that matplotlib does not read as mathematics."""
    return text.replace('$', r'\$')


def curve_figure(
    folder: str, name: str, groups: Dict[str, dict], metric: Metric, full: Optional[float]
) -> None:
    """Metric against labelled share; error bars are standard deviations over seeds."""
    figure, axes = _axes('labelled share of the pool [%]', plain(metric.label))
    for index, (label, group) in enumerate(groups.items()):
        whole = [i for i, n in enumerate(group['runs']) if n == max(group['runs'])]
        x = [100 * group['shares'][i] for i in whole]
        y = [group['mean'][i] for i in whole]
        bars = [group['deviation'][i] for i in whole]
        runs = max(group['runs'])
        axes.errorbar(
            x,
            y,
            bars if runs > 1 else None,
            color=f'C{index % 10}',
            marker='.',
            capsize=3,
            label=plain(label) + (f' ({runs} seeds)' if runs > 1 else ''),
        )
    if full is not None:
        axes.axhline(full, color='0.3', linestyle='--', label='full supervision')
        axes.axhline(
            target_of(full, metric.lower),
            color='0.6',
            linestyle=':',
            label=f'{100 * SHARE_OF_FULL:.0f} % of it',
        )
    axes.legend(fontsize='small')
    write_figure(osp.join(folder, name), figure, dpi=110)


# ---- what was picked -----------------------------------------------------------------


def picked_section(
    experiment: ReportedExperiment, folder: str, per_round: int, budget: int
) -> Section:
    """The best picks of each round, drawn with what was predicted.

    Args:
        experiment (ReportedExperiment): Whose.
        folder (str): Of the pictures.
        per_round (int): Picks.
        budget (int): Bytes of all pictures together.
    """
    section = Section(
        'What was picked, and why',
        'The picks of each round with the highest utility. Predictions of the round '
        'that picked them are red, the truth green where it is known, reprojections of '
        'the triangulated points blue crosses; magenta squares mark what the '
        'triangulation rejected.',
    )
    rounds = [row for row in experiment.rows if row.picked]
    if not rounds:
        raise Missing('no round has picked anything yet')
    section.header = ['round', 'rank', experiment.unit[:-1], 'utility', 'strategy']
    every, notes = [], []
    for row in rounds:
        for rank, (unit, worth) in enumerate(zip(row.picked, row.utilities), 1):
            shown_worth = worth if worth < NOT_JUDGED else float('inf')
            line = [row.round, rank, unit, shown_worth, row.strategy]
            every.append(line)
            if rank > per_round:
                continue
            shown = experiment.utility_text(row.strategy, worth)
            section.rows.append(line[:3] + [shown, row.strategy])
            if budget <= 0:
                continue
            try:
                name = _draw_pick(experiment, row.round, unit, folder)
            except (Missing, ValueError) as error:
                notes.append(str(error))
                continue
            budget -= osp.getsize(osp.join(folder, name))
            what = f'{experiment.unit[:-1]} {unit}, {row.strategy} utility {shown}'
            section.pictures.append((name, f'round {row.round}, pick {rank}: {what}'))
    if budget <= 0:
        notes.append('further pictures would make the page too large')
    section.csv = write_csv(folder, 'picked.csv', section.header, every)
    section.text += ''.join(f' Left out: {note}.' for note in dict.fromkeys(notes))
    return section


def _draw_pick(experiment: ReportedExperiment, round: int, unit: int, folder: str) -> str:
    """Draw the views of a unit's first person; gives the picture's name."""
    statistics, pool = experiment.statistics(round), experiment.pool
    views = statistics.views
    rows = np.flatnonzero(views.unit == unit)
    rows = rows[views.person_id[rows] == views.person_id[rows].min(initial=2**31)]
    rows = rows[np.argsort(views.camera_id[rows], kind='stable')][:8]
    images, annotations = experiment.images, experiment.annotations
    cameras = {c['id']: str(c.get('name', c['id'])) for c in pool.data['cameras']}
    pictures, kept, names, boxes, true = [], [], [], [], []
    for row in rows.tolist():
        image = images[int(views.image_id[row])]
        path = experiment.image_file(image['file_name'])
        picture = None if path is None else read_picture(path)
        if picture is None:
            continue
        annotation = annotations.get(int(views.id[row]), {})
        points = np.asarray(
            annotation.get('keypoints') or np.zeros(3 * views.keypoints.shape[1]), float
        ).reshape(-1, 3)
        true.append(np.where(points[:, 2:] > 0, points[:, :2], np.nan))
        x, y, w, h = annotation.get('bbox') or (0, 0, picture.shape[1], picture.shape[0])
        boxes.append([x - 0.15 * w, y - 0.15 * h, x + 1.15 * w, y + 1.15 * h])
        names.append(cameras.get(int(views.camera_id[row]), osp.basename(image['file_name'])))
        pictures.append(picture)
        kept.append(row)
    if not kept:
        raise Missing('images of the pool that cannot be found or read')
    reprojected = inliers = None
    if views.calibrated[kept].all():
        reprojected, inliers = _reprojections(statistics, kept)
    name = f'picked_round_{round:02d}_{int(unit)}.png'
    path = osp.join(folder, name)
    draw_views(
        pictures,
        names,
        experiment.skeleton(),
        path,
        true=np.stack(true),
        predicted=views.keypoints[kept].astype(float),
        reprojected=reprojected,
        inliers=inliers,
        boxes=np.array(boxes),
        columns=min(4, len(kept)),
        height=170,
    )
    _shrink(path)
    return name


def _reprojections(
    statistics: PoolStatistics, rows: Sequence[int]
) -> Tuple[np.ndarray, np.ndarray]:
    """Reprojected keypoints (V, K, 2) of views of a person, and their inliers (V, K)."""
    import torch

    from ...geometry.cameras import project

    views, groups = statistics.views, statistics.groups
    group = int(np.flatnonzero((groups.rows == rows[0]).any(1))[0])
    places = [int(np.flatnonzero(groups.rows[group] == row)[0]) for row in rows]
    points = torch.from_numpy(np.nan_to_num(groups.points[group]))
    pixels = project(
        points.expand(len(rows), -1, -1),
        *(
            torch.from_numpy(np.ascontiguousarray(getattr(views, name)[rows]))
            for name in ('K', 'R', 't', 'dist')
        ),
    )[0].numpy()
    pixels[:, ~groups.ok[group]] = np.nan
    return pixels, groups.inliers[group][places]


def _shrink(path: str) -> None:
    """Rewrite a picture with few colours."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert('RGB').quantize(_COLORS)
    with atomic(path, 'wb') as file:
        small.save(file, format='png', optimize=True)


# ---- the others ----------------------------------------------------------------------


def cluster_section(experiment: ReportedExperiment, folder: str) -> Section:
    """Histogram of pose clusters, and its entropy per round (Feng23, Fig. 6)."""
    units, poses, origin = pool_poses(experiment)
    labeled = experiment.state.content['labeled']
    if not labeled:
        raise Missing('nothing is labelled yet')
    clusters = cluster_poses(poses)
    if (clusters < 0).all():
        raise Missing('no pose of the pool has all joints')
    if not clusters.max():
        raise Missing('all poses of the pool that have all joints are one')
    names = [
        ('initial set' if e['round'] == 0 else f'round {e["round"] - 1} picked') for e in labeled
    ]
    counts = histograms(units, clusters, [e['ids'] for e in labeled])
    pool = np.bincount(clusters[clusters >= 0], minlength=counts.shape[1])
    section = Section(
        'Poses of what was picked',
        f'{counts.shape[1]} clusters of the root-aligned 3D poses ({origin}; K-means, '
        f'at most {CLUSTERS}), the most populous first. A pick that spreads over all '
        f'poses has a high entropy, at most {np.log(max(counts.shape[1], 1)):.3g} '
        f'nats; the whole pool has {entropy(pool):.3g}.',
    )
    section.header = [
        'labelled',
        *(f'cluster {i}' for i in range(counts.shape[1])),
        'entropy',
        'entropy so far',
    ]
    so_far = counts.cumsum(0)
    rows = [
        [name, *row.tolist(), entropy(row), entropy(total)]
        for name, row, total in zip(names, counts, so_far)
    ]
    section.csv = write_csv(
        folder,
        'pose_clusters.csv',
        section.header,
        rows + [['pool', *pool.tolist(), entropy(pool), entropy(pool)]],
    )
    section.rows = [[number(v) for v in row] for row in rows]
    path = osp.join(folder, 'pose_clusters.png')
    _cluster_figure(path, list(zip(names, counts)), pool, experiment.unit)
    section.pictures = [('pose_clusters.png', 'Pose clusters and their entropy')]
    return section


def _cluster_figure(
    path: str, counts: Sequence[Tuple[str, np.ndarray]], pool: np.ndarray, unit: str
) -> None:
    """Draw how picks and the pool spread over clusters, and the entropy of each pick.

    Args:
        path (str): The picture.
        counts (list): Of each pick: its name and how many of each cluster it took.
        pool (ndarray): How many of each cluster there are.
        unit (str): What is counted.
    """
    figure = Figure(figsize=(9.5, 3.6), layout='constrained')
    axes = figure.add_subplot(1, 2, 1)
    places, so_far = np.arange(len(pool)), np.zeros(len(pool), dtype=int)
    picks, totals = [], []
    for index, (name, row) in enumerate(counts):
        axes.bar(places, row, bottom=so_far, label=name, color=f'C{index % 10}')
        so_far = so_far + row
        picks.append(entropy(row))
        totals.append(entropy(so_far))
    axes.plot(
        places, pool * so_far.sum() / max(pool.sum(), 1), 'k_', markersize=14, label='as the pool'
    )
    axes.set_xlabel('cluster of poses')
    axes.set_ylabel(unit)
    whole_numbers(axes.xaxis, axes.yaxis)
    axes.legend(fontsize='x-small')
    axes = figure.add_subplot(1, 2, 2)
    axes.plot(picks, 'o-', label='of each pick')
    axes.plot(totals, '.--', label='of all so far')
    axes.axhline(entropy(pool), color='0.5', linestyle=':', label='pool')
    whole_numbers(axes.xaxis)
    axes.set_xlabel('pick (0 is the initial set)')
    axes.set_ylabel('entropy [nats]')
    axes.grid(alpha=0.3)
    axes.legend(fontsize='x-small')
    write_figure(path, figure, dpi=110)


def correlation_section(experiment: ReportedExperiment, folder: str) -> Section:
    """Rank correlation of each score with the true errors."""
    found = correlations(experiment)
    kinds = list(dict.fromkeys(r['error'] for r in found))
    about = {
        '2D': '2D: mean distance in pixels',
        '3D': '3D: mean distance of the triangulated keypoints in mm',
    }
    section = Section(
        'What the scores can tell',
        "Spearman's rank correlation of each score with the true error of the "
        'predictions, over the units that were not labelled. '
        + '; '.join(about[kind] for kind in kinds)
        + '.',
    )
    section.header = ['round', 'score', 'error', 'rho', 'units']
    rows = [[r['round'], r['score'], r['error'], r['rho'], r['units']] for r in found]
    section.tabulate(folder, 'score_correlation.csv', rows)
    figure = Figure(figsize=(4.8 * len(kinds), 3.6), layout='constrained')
    for place, kind in enumerate(kinds):
        axes = figure.add_subplot(1, len(kinds), place + 1)
        for score in dict.fromkeys(r['score'] for r in found):
            mine = [r for r in found if r['score'] == score and r['error'] == kind]
            axes.plot([r['round'] for r in mine], [r['rho'] for r in mine], 'o-', label=score)
        axes.set_title(f'with the {kind} error', fontsize='medium')
        axes.set_xlabel('round')
        whole_numbers(axes.xaxis)
        axes.set_ylabel("Spearman's rho")
        axes.set_ylim(-1.05, 1.05)
        axes.grid(alpha=0.3)
        axes.legend(fontsize='x-small')
    write_figure(osp.join(folder, 'score_correlation.png'), figure, dpi=110)
    section.pictures = [('score_correlation.png', 'Rank correlation of each score')]
    return section


def pseudo_section(experiments: Sequence[ReportedExperiment], folder: str) -> Section:
    """Error of the pseudo-labels per round (Feng23, Fig. 7)."""
    section = Section(
        'Pseudo-labels',
        'Mean distance of the pseudo-labelled keypoints to the truth, of what each '
        'round chose for the next.',
    )
    section.header = ['run', 'round', 'units', 'MKPE [mm]']
    rows: List[list] = []
    curves: Dict[str, list] = {}
    for experiment in experiments:
        for row in experiment.rows:
            if row.pseudo.get('ids') is not None:
                error = row.pseudo.get('mkpe')
                error = float('nan') if error is None else float(error)
                rows.append([experiment.name, row.round, len(row.pseudo['ids']), error])
                if math.isfinite(error):
                    curves.setdefault(experiment.name, []).append((row.round, error))
    if not rows:
        raise Missing('there is no self-training, or it has not chosen anything yet')
    section.tabulate(folder, 'pseudo_labels.csv', rows)
    if not curves:
        section.text += ' No figure: the truth of the pseudo-labelled is not known.'
        return section
    figure, axes = _axes('round', 'MKPE of the pseudo-labels [mm]')
    for name, points in curves.items():
        axes.plot(*zip(*points), 'o-', label=plain(name))
    axes.set_ylim(bottom=0)
    whole_numbers(axes.xaxis)
    axes.legend(fontsize='small')
    write_figure(osp.join(folder, 'pseudo_labels.png'), figure, dpi=110)
    section.pictures = [('pseudo_labels.png', 'Error of the pseudo-labels')]
    return section


def bootstrap_section(experiments: Sequence[ReportedExperiment], folder: str) -> Section:
    """What each bootstrap of a round was taught by, and what it brought."""
    metric = experiments[0].metric
    section = Section(
        'Bootstraps',
        'Trainings of a round after that on its labels: how many joints the views agreed on, '
        'what they weigh, how far the triangulated ones are from the truth, and '
        f'{metric.name} before and after.',
    )
    section.header = ['run', 'round', 'bootstrap', 'joints [%]', 'weight', 'MKPE [mm]']
    section.header += ['before', 'after']
    rows: List[list] = []
    for experiment in experiments:
        for row in experiment.rows:
            values = [each.get(metric.name) for each in row.trainings]
            for index, made in enumerate(row.bootstraps):
                share = 100 * made['joints'] / made['of'] if made['of'] else None
                around = [*values, None, None][index : index + 2]
                known = [share, made.get('weight'), made.get('mkpe'), *around]
                numbers = [float('nan') if v is None else float(v) for v in known]
                rows.append([experiment.name, row.round, index + 1, *numbers])
    section.tabulate(folder, 'bootstraps.csv', rows)
    return section


def camera_section(experiment: ReportedExperiment, folder: str) -> Section:
    """Signed residuals of each camera."""
    round, found = residuals(experiment)
    section = Section(
        'Cameras',
        f'Prediction minus reprojection of the inliers, round {round}, in pixels: x to '
        'the right, y down. A mean far from 0 is a bias of the calibration, which puts '
        'a floor under multi-view consistency, or of the predictions.',
    )
    section.header = ['camera', 'mean x', 'mean y', 'inliers']
    rows = [
        [name, *(map(float, r.mean(0)) if len(r) else (float('nan'),) * 2), len(r)]
        for name, r in found.items()
    ]
    section.tabulate(folder, 'cameras.csv', rows)
    plot_residuals(
        {plain(name): r for name, r in found.items()},
        osp.join(folder, 'cameras.png'),
        drawn=_MOST_POINTS,
    )
    section.pictures = [('cameras.png', 'Residuals of each camera')]
    return section


def entropy_section(experiments: Sequence[ReportedExperiment], folder: str) -> Section:
    """Entropy of the picked poses of several runs (Feng23, Fig. 6)."""
    section = Section(
        'Poses of what was picked',
        'Entropy of the histogram of pose clusters of everything labelled so far, mean '
        'over the seeds.',
    )
    cached: Dict[str, Tuple[np.ndarray, np.ndarray]] = {}
    at: Dict[str, Dict[int, list]] = {}
    for experiment in experiments:
        key = experiment.pool.sha256
        if key not in cached:
            units, poses, origin = pool_poses(experiment)
            if origin != 'the truth':
                raise Missing('runs are compared by true 3D poses, which the pool lacks')
            cached[key] = units, cluster_poses(poses)
        events = experiment.state.content['labeled']
        counts = histograms(*cached[key], [e['ids'] for e in events]).cumsum(0)
        for event, row in zip(events, counts):
            at.setdefault(experiment.group, {}).setdefault(event['round'], []).append(entropy(row))
    section.header = ['runs', 'round', 'entropy [nats]', 'seeds']
    rows = [
        [group, round, float(np.mean(values)), len(values)]
        for group, rounds in at.items()
        for round, values in sorted(rounds.items())
    ]
    section.tabulate(folder, 'pose_entropy.csv', rows)
    figure, axes = _axes('round', 'entropy [nats]')
    for group in at:
        mine = [row for row in rows if row[0] == group]
        axes.plot([r[1] for r in mine], [r[2] for r in mine], 'o-', label=plain(group))
    whole_numbers(axes.xaxis)
    axes.legend(fontsize='small')
    write_figure(osp.join(folder, 'pose_entropy.png'), figure, dpi=110)
    section.pictures = [('pose_entropy.png', 'Entropy of the labelled poses')]
    return section
