"""Reports of experiments: one self-contained HTML page each, one that compares them.

Everything is read from what an experiment leaves: ``active_learning.json``,
``round_XX/scores.npz``, the pool's annotation file, and the answers of people. What is not
there is left out; a list at the end says why.
"""

import base64
import os
import os.path as osp
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from ...fileio import read_bytes, write_text
from ..experiment import Metric, Missing
from .analysis import area, common_span, group_curves, labels_needed, mean_and_deviation, target_of
from .experiment import ReportedExperiment, full_supervision
from .figures import (
    Section,
    bootstrap_section,
    camera_section,
    cluster_section,
    correlation_section,
    curve_figure,
    entropy_section,
    number,
    picked_section,
    pseudo_section,
    write_csv,
)
from .people import asked_of
from .people_figures import people_sections, picks_section

PICTURES_PER_ROUND = 3
PICTURE_BYTES = 3 * 2**20  # base64 makes four thirds of it


def write_report(work_dirs: Sequence[str], out_dir: str, full: Optional[str] = None) -> str:
    """Write the report of one experiment, or of several with one page each.

    PNG and CSV of every figure lie beside the page. Runs whose folders differ only in a
    seed at the end (``mvc_seed1``, ``mvc/seed_1``, ``mvc-s1``) are one curve.

    Args:
        work_dirs (Sequence[str]): Folders of experiments, finished or not.
        out_dir (str): Where to.
        full (str, optional): The fully supervised run: its work directory, or a JSON
            file with the metric, see
            :func:`~mmpose_al.active_learning.report.experiment.full_supervision`.

    Returns:
        str: The page to open, ``index.html``.

    Raises:
        StateError: A folder holds no experiment.
        ValueError: No folder is given.
    """
    if isinstance(work_dirs, str) or not work_dirs:
        raise ValueError('a report needs a list of at least one work directory')
    experiments = [ReportedExperiment(folder) for folder in work_dirs]
    if len(experiments) == 1:
        return _experiment_page(experiments[0], out_dir, full)
    links: List[Tuple[str, str]] = []
    used: Set[str] = set()
    for experiment in experiments:
        name = _unused(experiment.name, used)
        page = _experiment_page(experiment, osp.join(out_dir, name), full)
        links.append((experiment.folder, osp.relpath(page, out_dir).replace(os.sep, '/')))
        experiment.name = name
    return _comparison_page(experiments, out_dir, full, links)


def _unused(name: str, used: set) -> str:
    """A folder's name that no other experiment has."""
    result, count = name, 2
    while result in used:
        result, count = f'{name}-{count}', count + 1
    used.add(result)
    return result


def _section(title: str, make: Callable[[], Section]) -> Section:
    """A section, or the line that says why there is none."""
    try:
        return make()
    except (Missing, OSError, ValueError) as error:
        section = Section(title)
        section.reason = str(error)
        return section


def _full(full: Optional[str], metric: Metric) -> tuple:
    """The metric of full supervision or None, and a sentence about it."""
    if full is None:
        return None, 'No fully supervised run was given.'
    try:
        value = full_supervision(full, metric)
    except Missing as error:
        return None, f'No line of full supervision: {error}.'
    return value, f'Full supervision has {number(value)}.'


def _experiment_page(experiment: ReportedExperiment, out_dir: str, full: Optional[str]) -> str:
    os.makedirs(out_dir, exist_ok=True)
    content = experiment.state.content
    facts = [
        ('Folder', experiment.folder),
        (
            'State',
            f'finished: {content["finished"]}' if content.get('finished') else 'not finished',
        ),
        ('Pool', f'{content["pool"]["units"]} {experiment.unit} of {content["pool"]["file"]}'),
        ('Seed', content['seed']),
        ('Labelled', _labeled(experiment)),
        (
            'Strategy',
            ', then '.join(dict.fromkeys(r.strategy for r in experiment.rows if r.strategy))
            or experiment.setting('active_learning.strategy.type', '–'),
        ),
    ]
    made = [
        _section('Metric against labels', lambda: _curve(experiment, out_dir, full)),
        *_people(experiment, out_dir),
        _section(
            'What was picked, and why',
            lambda: picked_section(experiment, out_dir, PICTURES_PER_ROUND, PICTURE_BYTES),
        ),
        _section('Poses of what was picked', lambda: cluster_section(experiment, out_dir)),
        _section('What the scores can tell', lambda: correlation_section(experiment, out_dir)),
        _section('Pseudo-labels', lambda: pseudo_section([experiment], out_dir)),
        *_bootstraps([experiment], out_dir),
        _section('Cameras', lambda: camera_section(experiment, out_dir)),
    ]
    experiment.forget()
    return _render(out_dir, f'Active learning: {experiment.name}', facts, made)


def _people(experiment: ReportedExperiment, out_dir: str) -> List[Section]:
    """The sections about people, where some were asked."""
    try:
        return people_sections(experiment, out_dir)
    except (OSError, ValueError) as error:
        section = Section('What people answered')
        section.reason = str(error)
        return [section]


def _people_of_all(experiments: Sequence[ReportedExperiment], out_dir: str) -> List[Section]:
    """What the picks of several experiments needed of people, where some were asked."""
    runs = []
    for experiment in experiments:
        try:
            runs.append((experiment.name, asked_of(experiment)))
        except (OSError, ValueError):
            continue  # its own page says why
    units = list(dict.fromkeys(experiment.unit for experiment in experiments))
    section = picks_section(runs, ' or '.join(units), out_dir)
    return [section] if section.rows else []


def _labeled(experiment: ReportedExperiment) -> str:
    """How much is labelled, and how much of it validates."""
    if not experiment.rows:
        return 'nothing yet'
    last = experiment.rows[-1]
    text = f'{last.labels} {experiment.unit} ({100 * last.share:.1f} %)'
    if last.validation is None:
        return text
    return f'{text}; {last.validation} of them validate and are not trained on'


def _bootstraps(experiments: Sequence[ReportedExperiment], out_dir: str) -> List[Section]:
    """The section of bootstraps, where there are some."""
    some = [each for each in experiments if any(row.bootstraps for row in each.rows)]
    return [_section('Bootstraps', lambda: bootstrap_section(some, out_dir))] if some else []


def _curve(experiment: ReportedExperiment, out_dir: str, full: Optional[str]) -> Section:
    metric = experiment.metric
    value, sentence = _full(full, metric)
    points = experiment.curve(metric.name)
    section = Section('Metric against labels')
    names = list(dict.fromkeys(n for row in experiment.rows for n in row.metrics))
    held = ['of them validate'] * any(r.validation is not None for r in experiment.rows)
    section.header = ['round', experiment.unit + ' labelled', 'share [%]', *held, *names]
    rows = [
        [
            *(r.round, r.labels, 100 * r.share, *([r.validation] * len(held))),
            *(r.metrics.get(n, float('nan')) for n in names),
        ]
        for r in experiment.rows
    ]
    section.rows = [[number(v) for v in row] for row in rows]
    section.csv = write_csv(out_dir, 'curve.csv', section.header, rows)
    if not points:
        raise Missing('no round has a finite metric')
    labels, shares, values = zip(*points)
    section.text = (
        f'{metric.name}, {"lower" if metric.lower else "higher"} is better. Area under '
        f'the curve over its width (the mean): {number(area(shares, values))}. '
        f'{sentence}'
    )
    if value is not None:
        needed = labels_needed(labels, values, target_of(value, metric.lower), metric.lower)
        section.text += (
            ' 95 % of it is not reached.'
            if np.isnan(needed)
            else f' 95 % of it needs {needed:.0f} {experiment.unit}.'
        )
    curve_figure(out_dir, 'curve.png', group_curves([experiment], metric), metric, value)
    section.pictures = [('curve.png', f'{metric.name} against labelled share')]
    return section


def _comparison_page(
    experiments: List[ReportedExperiment],
    out_dir: str,
    full: Optional[str],
    links: Sequence[Tuple[str, str]],
) -> str:
    os.makedirs(out_dir, exist_ok=True)
    facts = [
        ('Experiments', len(experiments)),
        ('Curves', ', '.join(dict.fromkeys(e.group for e in experiments))),
    ]
    made = [
        _section('Metric against labels', lambda: _compare(experiments, out_dir, full)),
        *_people_of_all(experiments, out_dir),
        _section('Poses of what was picked', lambda: entropy_section(experiments, out_dir)),
        _section('Pseudo-labels', lambda: pseudo_section(experiments, out_dir)),
        *_bootstraps(experiments, out_dir),
    ]
    return _render(out_dir, 'Active learning: comparison', facts, made, links)


def _compare(experiments: List[ReportedExperiment], out_dir: str, full: Optional[str]) -> Section:
    metric = _common_metric(experiments)
    value, sentence = _full(full, metric)
    groups = group_curves(experiments, metric)
    span = common_span(groups)
    section = Section(
        'Metric against labels',
        (
            f'{metric.name}, {"lower" if metric.lower else "higher"} is better. Mean and '
            f'standard deviation over the seeds. {sentence} '
        ),
    )
    if span:
        section.text += (
            f'Areas are over {100 * span[0]:.3g} to {100 * span[1]:.3g} % '
            'labelled, which all curves cover, divided by that width.'
        )
    else:
        section.text += 'No areas: no part of the labelled share is covered by all curves.'
    section.header = [
        'runs',
        'seeds',
        'labels at the end',
        f'{metric.name} at the end',
        '±',
        'area',
        '±',
        'labels for 95 % of full',
        '±',
    ]
    rows = []
    for name, group in groups.items():
        areas = [area(c[1], c[2], span) if span else float('nan') for c in group['curves']]
        needed = _labels_needed(group, metric, value)
        reached = int(np.isfinite(needed).sum())
        if value is not None and reached < len(needed):
            section.text += (
                f' {name}: {reached} of {len(needed)} runs reach 95 % of full supervision.'
            )
            needed = []
        end = max(i for i, n in enumerate(group['runs']) if n == max(group['runs']))
        last = [group[key][end] for key in ('labels', 'mean', 'deviation')]
        seeds = len(group['curves'])
        rows.append([name, seeds, *last, *mean_and_deviation(areas), *mean_and_deviation(needed)])
    write_csv(out_dir, 'summary.csv', section.header, rows)
    section.rows = [[number(v) for v in row] for row in rows]
    section.csv = _write_curves(out_dir, groups)
    curve_figure(out_dir, 'curves.png', groups, metric, value)
    section.pictures = [('curves.png', f'{metric.name} against labelled share')]
    return section


def _common_metric(experiments: List[ReportedExperiment]) -> Metric:
    """The metric that all evaluated experiments report."""
    metrics = []
    for experiment in experiments:
        try:
            metrics.append(experiment.metric)
        except Missing:
            continue
    if not metrics:
        raise Missing('no round of any experiment has been evaluated yet')
    if any(m.name != metrics[0].name for m in metrics):
        raise Missing(
            'the experiments report different metrics: '
            + ', '.join(sorted({m.name for m in metrics}))
        )
    return metrics[0]


def _labels_needed(group: dict, metric: Metric, full: Optional[float]) -> List[float]:
    """Labels that each run of a group needs for 95 % of full supervision; NaN: never."""
    if full is None:
        return [float('nan')] * len(group['curves'])
    target = target_of(full, metric.lower)
    return [labels_needed(c[0], c[2], target, metric.lower) for c in group['curves']]


def _write_curves(out_dir: str, groups: Dict[str, dict]) -> str:
    """Write the curve of each group, see :func:`write_csv`."""
    header = ['runs', 'labels', 'share', 'mean', 'deviation', 'seeds']
    rows = [
        [name, *point]
        for name, g in groups.items()
        for point in zip(g['labels'], g['shares'], g['mean'], g['deviation'], g['runs'])
    ]
    return write_csv(out_dir, 'curves.csv', header, rows)


def _render(
    out_dir: str,
    title: str,
    facts: Sequence[tuple],
    sections: List[Section],
    links: Sequence[tuple] = (),
) -> str:
    """Fill the template; pictures become a part of the page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(osp.dirname(osp.abspath(__file__))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests['words'] = _is_words
    inlined: Dict[str, str] = {}
    shown = [section for section in sections if section.reason is None]
    for section in shown:
        for name, _ in section.pictures:
            inlined[name] = base64.b64encode(read_bytes(osp.join(out_dir, name))).decode()
    text = environment.get_template('report.html').render(
        title=title,
        facts=facts,
        sections=shown,
        left_out=[section for section in sections if section.reason is not None],
        links=links,
        inlined=inlined,
    )
    path = osp.join(out_dir, 'index.html')
    write_text(path, text)
    return path


def _is_words(cell: str) -> bool:
    """Whether a cell of a table holds words, which are read from the left."""
    try:
        float(cell)
    except ValueError:
        return cell != '–'
    return False
