"""Tables of active-learning experiments from their result files."""

import math
import os.path as osp
import statistics
from typing import Dict, List, Optional, Sequence, Tuple

from ..active_learning.experiment import main_metric, plain_metrics
from ..active_learning.report.analysis import area, labels_needed, target_of
from ..command_line import in_markdown
from ..fileio import is_int, read_json
from ..metric_direction import lower_is_better
from .results_table import ENSEMBLE, TOGETHER, check_together, result_files

BASELINE, BOUND = 'random', 'all'
BASELINES = (BASELINE, 'random-bootstrap')  # the first of them that there is
ALONE = ', labels alone'  # a row of what the rounds reached before their bootstraps
NAMES = {
    'keypoints/EPE': 'Mean error of a keypoint in pixels of the image (EPE)',
    'multiview/MKPE': 'MKPE in mm of what could be triangulated',
    'coco/AP': 'AP, in %',
    'multiview/failed': 'Share of the joints that could not be triangulated, in %',
}
BARE = ('failed', 'two_views')  # no area and no target: full supervision may have 0


def load(folder: str) -> Dict[str, List[dict]]:
    """Result files by row: `random` first, full supervision last.

    Raises:
        ValueError: There is none, or they do not belong together.
    """
    rows: Dict[str, List[dict]] = {}
    for path in result_files(folder):
        for row, part in read_result(path):
            rows.setdefault(row, []).append(dict(part, path=path))
    if not any(row != BOUND for row in rows):
        raise ValueError(f'{folder}: no result files')
    check_together(rows, ('steps', 'units', 'unit', 'input_size'))
    order = {BASELINE: 0, BOUND: 9}
    names = ('first', 'diverse', 'bsb', 'mpe', 'coreset', 'mvc')

    def place(row: str) -> tuple:
        base = row.split('-')[0]
        return (order.get(row, 1 + ('-' in row)), names.index(base) if base in names else -1, row)

    return {row: rows[row] for row in sorted(rows, key=place)}


def read_result(path: str) -> List[Tuple[str, dict]]:
    """The rows of a result file.

    Raises:
        ValueError: It is none.
    """
    result = read_json(path)
    try:
        if ('rounds' in result) == (result['row'] == BOUND):
            raise ValueError
        if not all(is_int(result[key]) for key in ('steps', 'units') if key in result):
            raise ValueError
        if not is_int(result['seed']) or not isinstance(result['machine'], str):
            raise ValueError
        if not result.get('rounds', True):
            raise ValueError
        return parts_of(result)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise ValueError(f'{path} is no result of benchmarks/active_learning.py') from None


def parts_of(result: dict) -> List[Tuple[str, dict]]:
    """A result file as rows: of its rounds, of what they reached before their bootstraps, and of
    what networks that learn together reach together."""
    if 'rounds' not in result:
        return [(result['row'], dict(result, metrics=shown_metrics(result['metrics'])))]
    row, found = result['row'], []
    for name, key, together in (
        (row + ALONE, 'alone', False),
        (row, 'metrics', False),
        (row + TOGETHER, 'metrics', True),
    ):
        given = [entry.get(key) or {} for entry in result['rounds']]
        if together:
            given = [ensemble_metrics(metrics) for metrics in given]
        if all(given):
            rounds = [
                dict(entry, metrics=shown_metrics(metrics))
                for entry, metrics in zip(result['rounds'], given)
            ]
            found.append((name, dict(result, row=name, rounds=rounds)))
    return found


def ensemble_metrics(metrics: Dict[str, float]) -> Dict[str, float]:
    """Those of several networks together, by the names that those of one have."""
    start = len(ENSEMBLE)
    return {name[start:]: value for name, value in metrics.items() if name.startswith(ENSEMBLE)}


def shown_metrics(metrics: Dict[str, float]) -> Dict[str, float]:
    """Those of a table: of COCO's the AP alone, in percent."""
    return {
        name: 100 * value if name == 'coco/AP' else value
        for name, value in metrics.items()
        if name == 'coco/AP' or not name.startswith('coco/')
    }


def baseline(rows: Dict[str, List[dict]]) -> str:
    """The row of random picks that the others are compared with."""
    return next((row for row in BASELINES if row in rows), BASELINE)


# ---- numbers --------------------------------------------------------------------


def metrics_of(rows: Dict[str, List[dict]]) -> List[str]:
    """Metrics that every round of every experiment reports, the main one first."""
    each = [
        set(plain_metrics(r['metrics']))
        for results in active(rows).values()
        for result in results
        for r in result['rounds']
    ]
    names = sorted(set.intersection(*each))
    first = main_metric(names).name
    return [first] + [n for n in names if n != first]


def active(rows: Dict[str, List[dict]]) -> Dict[str, List[dict]]:
    """The rows without full supervision."""
    return {row: results for row, results in rows.items() if row != BOUND}


def curve(result: dict, name: str) -> Tuple[List[int], List[float], List[float]]:
    """Labels, shares and values of an experiment's rounds; NaN rounds left out."""
    points = [
        (r['labels'], r['labels'] / result['units'], r['metrics'][name])
        for r in result['rounds']
        if math.isfinite(r['metrics'][name])
    ]
    return tuple(map(list, zip(*points))) if points else ([], [], [])


def span(rows: Dict[str, List[dict]], name: str) -> Tuple[float, float]:
    """Labelled shares from which all curves are there, to where the longest ends."""
    curves = [curve(r, name)[1] for rs in active(rows).values() for r in rs]
    curves = [c for c in curves if c]
    return max(c[0] for c in curves), max(c[-1] for c in curves)


def by_label(results: List[dict], name: str) -> Dict[int, List[float]]:
    """Number of labels -> values of the seeds; of rounds with equally many the last."""
    found: Dict[int, List[float]] = {}
    for result in results:
        labels, _, values = curve(result, name)
        for label, value in dict(zip(labels, values)).items():
            found.setdefault(label, []).append(value)
    return found


def areas(results: List[dict], name: str, across: Tuple[float, float]) -> Dict[int, float]:
    """Seed -> area under the curve, of those that are as long."""
    found = {}
    for result in results:
        _, shares, values = curve(result, name)
        value = area(shares, values, across)
        if math.isfinite(value):
            found[result['seed']] = value
    return found


def bound(rows: Dict[str, List[dict]], name: str) -> Optional[List[float]]:
    """What full supervision reaches, one a seed."""
    values = [r['metrics'][name] for r in rows.get(BOUND, []) if name in r['metrics']]
    return values or None


def constant(rows: Dict[str, List[dict]], name: str) -> Optional[float]:
    """The value that a metric has in every round of every row; None where it differs."""
    values = {v for rs in active(rows).values() for vs in by_label(rs, name).values() for v in vs}
    values |= set(bound(rows, name) or ())
    return values.pop() if len(values) == 1 else None


def mean_std(values: List[float], digits: int = 1, runs: int = 0) -> str:
    """As text; the deviation only of two or more.

    Args:
        values (list): Of the seeds.
        digits (int): After the point.
        runs (int): Seeds of the row; it is said where there are fewer values.
    """
    if not values:
        return '–'
    text = f'{statistics.mean(values):.{digits}f}'
    if len(values) > 1:
        text += f' ± {statistics.stdev(values):.{digits}f}'
    return text if len(values) >= runs else f'{text} ({len(values)} of {runs} seeds)'


def lead(
    rows: Dict[str, List[dict]], row: str, name: str, across: Tuple[float, float]
) -> List[float]:
    """By how much the area is better than that of random picks, seed by seed."""
    own, base = (areas(rows.get(r, []), name, across) for r in (row, baseline(rows)))
    sign = -1 if lower_is_better(name) else 1
    return [sign * (own[seed] - base[seed]) for seed in sorted(set(own) & set(base))]


def needed(results: List[dict], name: str, full: List[float]) -> Tuple[List[float], int]:
    """Labels for 95 % of full supervision, of seeds that reach it; number of seeds."""
    lower = bool(lower_is_better(name))
    target = target_of(statistics.mean(full), lower)
    found = [
        labels_needed(labels, values, target, lower)
        for labels, _, values in (curve(r, name) for r in results)
        if labels
    ]
    return [value for value in found if math.isfinite(value)], len(found)


# ---- Markdown -------------------------------------------------------------------


def markdown(rows: Dict[str, List[dict]], only: Sequence[str] = ()) -> str:
    """A table for each metric, one of the pseudo-labels, and what was run.

    Args:
        rows (dict): Results by row.
        only (Sequence[str]): The metrics of a short page, without the pseudo-labels and
            without rows of what was reached before bootstrapping.

    Raises:
        ValueError: The results lack a metric of ``only``.
    """
    if only:
        rows = {row: results for row, results in rows.items() if not row.endswith(ALONE)}
    names = metrics_of(rows)
    missing = [name for name in only if name not in names]
    if missing:
        raise ValueError(f'no metric {missing[0]!r}; there are {", ".join(names)}')
    same = {name: constant(rows, name) for name in names[1:] if not only}
    same = {name: value for name, value in same.items() if value is not None}
    parts = [metric_table(rows, name) for name in only or names if name not in same]
    parts += [
        f'{NAMES.get(n, n)}: {value:.1f} in every round of every row.' for n, value in same.items()
    ]
    parts += [part for part in (worth_table(rows, names[0]),) if part and not only]
    pseudo = pseudo_table(rows)
    if pseudo and not only:
        parts.append(pseudo)
    return '\n\n'.join(parts + [facts(rows)])


def page_content(rows: Dict[str, List[dict]], figure: str, only: Sequence[str] = ()) -> str:
    """What a page has between its markers: whole tables come with the figure."""
    text = markdown(rows, only)
    return text if only else with_figure(text, figure)


def with_figure(text: str, figure: str) -> str:
    """The tables below their figure, which lies beside the page."""
    return f'![Metric against labels]({osp.basename(figure)})\n\n{text}'


def table(head: List[str], lines: List[List[str]]) -> str:
    return '\n'.join(
        '| ' + ' | '.join(cells) + ' |' for cells in ([head, ['---'] * len(head)] + lines)
    )


def metric_table(rows: Dict[str, List[dict]], name: str) -> str:
    """One metric of all rows, round by round."""
    units = next(iter(active(rows).values()))[0]['units']
    labels = sorted(set().union(*(by_label(rs, name) for rs in active(rows).values())))
    full, across, lower = bound(rows, name), span(rows, name), lower_is_better(name)
    whole = lower is not None and name.split('/')[-1] not in BARE
    head = ['strategy', 'seeds'] + [f'{n} ({100 * n / units:.0f} %)' for n in labels]
    if whole:
        head += ['area', 'lead'] + (['labels for 95 %', 'reached'] if full else [])
    lines = []
    for row, results in active(rows).items():
        values = by_label(results, name)
        runs = len(results)
        cells = [in_markdown(row), str(runs)] + [
            mean_std(values[n], runs=runs) if n in values else '' for n in labels
        ]
        if whole:
            own = list(areas(results, name, across).values())
            cells.append(mean_std(own, runs=runs) if own else '')
            leads = lead(rows, row, name, across) if row != baseline(rows) else []
            cells.append(
                '' if not leads else ('+' if statistics.mean(leads) >= 0 else '') + mean_std(leads)
            )
            if full:
                cells.append(needed_cell(results, name, full))
                cells.append(reached_cell(results, name, full, labels[-1]))
        lines.append(cells)
    if full:
        lines.append(
            [f'{BOUND}: {units} (100 %)', str(len(full)), mean_std(full)] + [''] * (len(head) - 3)
        )
    kind = {True: ' (lower is better)', False: ' (higher is better)', None: ''}[lower]
    return f'**{NAMES.get(name, name)}**{kind}\n\n' + table(head, lines)


def worth(results: List[dict], name: str, base: List[dict]) -> Dict[int, float]:
    """How many labels reach what so many random ones reach, by the means over the seeds.

    A number of random labels is compared over the seeds that have it and that the row has.

    Args:
        results (list): Of a row.
        name (str): The metric.
        base (list): Of the row with random labels.

    Returns:
        dict: Number of random labels -> labels of this row, linear between its rounds; NaN
        where it never reaches them, and without a common seed.
    """
    found, lower = {}, bool(lower_is_better(name))
    for label in sorted(by_label(base, name)):
        having = {r['seed']: r for r in base if label in by_label([r], name)}
        common = [r for r in results if r['seed'] in having and curve(r, name)[0]]
        found[label] = math.nan
        if common:
            own = by_label(common, name)
            labels = sorted(n for n, values in own.items() if len(values) == len(common))
            values = [statistics.mean(own[n]) for n in labels]
            random = by_label([having[r['seed']] for r in common], name)[label]
            found[label] = labels_needed(labels, values, statistics.mean(random), lower)
    return found


def worth_table(rows: Dict[str, List[dict]], name: str) -> str:
    """How many chosen labels are worth N random ones; '' without random ones."""
    others = {row: results for row, results in active(rows).items() if row != baseline(rows)}
    if baseline(rows) not in rows or not others:
        return ''
    base = rows[baseline(rows)]
    lines = []
    for row, results in others.items():
        found = worth(results, name, base)
        first = min(by_label(results, name))
        cells = [
            '–' if not math.isfinite(n) else f'≤ {n:.0f}' if n == first else f'{n:.0f}'
            for n in found.values()
        ]
        lines.append([in_markdown(row), *cells])
    title = f'**Labels that reach what N random ones reach** ({NAMES.get(name, name)})'
    return (
        title
        + '\n\n'
        + table(['strategy', *(f'{n} random' for n in sorted(by_label(base, name)))], lines)
    )


def needed_cell(results: List[dict], name: str, full: List[float]) -> str:
    found, runs = needed(results, name, full)
    return mean_std(found, 0, runs) if found else 'not reached'


def reached_cell(results: List[dict], name: str, full: List[float], label: int) -> str:
    """The last round of the table against full supervision, by the means."""
    values = by_label(results, name).get(label)
    if not values:
        return ''
    last, whole = statistics.mean(values), statistics.mean(full)
    part, other = (whole, last) if lower_is_better(name) else (last, whole)
    return f'{100 * part / other:.0f} %' if other else '–'


def pseudo_table(rows: Dict[str, List[dict]]) -> str:
    """MKPE of the pseudo-labels of each round; '' without self-training."""
    with_pseudo = {
        row: results
        for row, results in active(rows).items()
        if any(r.get('pseudo') for result in results for r in result['rounds'])
    }
    if not with_pseudo:
        return ''
    # a round trains on what the one before it pseudo-labelled
    count = max(len(r['rounds']) for rs in with_pseudo.values() for r in rs) - 1
    head = ['strategy', 'schedule', 'seeds'] + [f'round {n + 1}' for n in range(count)]
    lines = []
    for row, results in with_pseudo.items():
        schedule = (results[0].get('self_training') or {}).get('schedule', 'alternate')
        cells = [in_markdown(row), schedule, str(len(results))]
        for number in range(count):
            entries = [r['rounds'][number] for r in results if len(r['rounds']) > number]
            errors = [e['pseudo_mkpe'] for e in entries if e.get('pseudo_mkpe') is not None]
            frames = [e['pseudo'] for e in entries]
            cells.append(f'{mean_std(errors)} ({statistics.mean(frames):.0f})' if frames else '')
        lines.append(cells)
    return (
        '**MKPE in mm of the pseudo-labels that a round trains on** (how many '
        'frames; lower is better)\n\n' + table(head, lines)
    )


def facts(rows: Dict[str, List[dict]]) -> str:
    """Seeds, sizes, time and machine."""
    every = [r for results in rows.values() for r in results]
    some = next(iter(active(rows).values()))[0]
    seeds = ', '.join(map(str, sorted({r['seed'] for r in every})))
    seconds = [sum(r['seconds'].values()) for result in every for r in result.get('rounds', [])]
    machines = '; '.join(sorted({r['machine'] for r in every}))
    text = (
        f'Seeds {seeds} (first labels, weights and order); a pool of '
        f'{some["units"]} {some.get("unit", "frames")}; {some["steps"]} optimiser '
        f'steps a round; input {"x".join(map(str, some["input_size"]))}; a round '
        f'takes {statistics.median(seconds):.0f} s (median); {machines}.'
    )
    unfinished = [
        f'{r["row"]} seed {r["seed"]}' for r in every if 'rounds' in r and not r.get('finished')
    ]
    return text + (f' Not finished: {", ".join(unfinished)}.' if unfinished else '')
