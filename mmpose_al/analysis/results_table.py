"""Result files of a benchmark as a table in Markdown, and pages that hold it."""

import math
import os.path as osp
import re
import statistics
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from ..command_line import in_markdown
from ..fileio import is_int, is_number, read_bytes, read_json, short, visible_names, write_text

# What a result file has, and whether a value fits.
FIELDS: Dict[str, Callable[[Any], bool]] = dict(
    metrics=lambda value: isinstance(value, dict) and all(map(_is_real, value.values())),
    row=lambda value: isinstance(value, str),
    steps=is_int,
    seed=is_int,
    input_size=lambda value: isinstance(value, list) and all(map(is_int, value)),
    machine=lambda value: isinstance(value, str),
)
BASELINE, BOUND = 'supervised', 'supervised-all'
ENSEMBLE = 'ensemble/'  # what PerStudentMetric calls it
TOGETHER = ', ensemble'  # how the name of its row ends


def load(folder: str, same_steps: bool = True) -> Dict[str, List[dict]]:
    """Result files by row, rows in order of how little they are taught, ensembles too.

    Args:
        folder (str): Where they are.
        same_steps (bool): Whether all rows took the same steps, not those of one row
            only.

    Raises:
        ValueError: There is none, a file is something else, two are of one run, or they do
            not belong together: runs of a row differ in steps or labels, or any in the size of
            the input.
    """
    rows: Dict[str, List[dict]] = {}
    for path in result_files(folder):
        result = _null_is_nan(read_json(path))
        given = result if isinstance(result, dict) else {}
        missing = [key for key, fits in FIELDS.items() if not fits(given.get(key))]
        if not of_poses_3d(given) and not isinstance(given.get('labels'), (dict, str)):
            missing.append('labels')
        if missing:
            raise ValueError(
                f'{path}: is no result file of benchmarks/semi_supervised.py; it has no '
                f'{", ".join(missing)}, or something else there'
            )
        rows.setdefault(result['row'], []).append(dict(result, path=path))
    if not rows:
        raise ValueError(f'{folder}: no result files')
    check_together(rows, ('input_size',))
    for results in rows.values():
        with_labels = [result for result in results if 'labels' in result]
        check_alike(with_labels, 'labels', _kind_of_labels)
    groups = [sum(rows.values(), [])] if same_steps else list(rows.values())
    for group in groups:
        steps = sorted({result['steps'] for result in group})
        if len(steps) > 1:
            raise ValueError(
                f'{folder}: runs of {steps} steps cannot share a {"table" if same_steps else "row"}'
            )
    order = {BASELINE: 0, BOUND: 2}
    return with_ensembles(
        dict(sorted(rows.items(), key=lambda item: (order.get(item[0], 1), item[0])))
    )


def result_files(folder: str) -> List[str]:
    """The JSON files of a folder, sorted.

    Raises:
        ValueError: There is no such folder.
    """
    if not osp.isdir(folder):
        raise ValueError(f'{folder}: no such folder. Name the one that a benchmark wrote into')
    return [osp.join(folder, name) for name in visible_names(folder, ['.json'])]


def of_poses_3d(result: Mapping[str, Any]) -> bool:
    """Whether a result is of 3D poses, whose rows say themselves what is labelled."""
    metrics = result.get('metrics')
    return isinstance(metrics, dict) and any(name.startswith('pose3d/') for name in metrics)


def check_together(rows: Mapping[str, Sequence[dict]], keys: Sequence[str] = ()) -> None:
    """Raise ValueError where results cannot be rows of one table; it names two files.

    Args:
        rows (Mapping): Row -> its results, of which no two may have one seed; ``path`` is the
            file of each.
        keys (Sequence[str]): What is the same in all that have it.
    """
    for row, results in rows.items():
        seen: Dict[Any, dict] = {}
        for result in results:
            first = seen.setdefault(result['seed'], result)
            if first is not result:
                raise ValueError(
                    f'{result["path"]}: field "seed": {result["seed"]} of row {row!r}, which '
                    f'{first["path"]} has too. Keep one of them, or call one row otherwise'
                )
    every = [result for results in rows.values() for result in results]
    for key in keys:
        check_alike([result for result in every if key in result], key)


def check_alike(
    results: Sequence[dict], key: str, part: Callable[[Any], Any] = lambda value: value
) -> None:
    """Raise ValueError where results differ in a field, or in a part of it."""
    for result in results[1:]:
        one, other = part(results[0][key]), part(result[key])
        if one != other:
            raise ValueError(
                f'{result["path"]}: field "{key}": {short(other)}, and '
                f'{results[0]["path"]} has {short(one)}; they cannot share a '
                f'{"row" if key == "labels" else "table"}'
            )


def _kind_of_labels(labels: Any) -> Any:
    """How labels were chosen, whatever the seed."""
    if not isinstance(labels, dict):
        return labels
    return {key: value for key, value in labels.items() if key != 'seed'}


def _is_real(value: Any) -> bool:
    """Whether it is a number of a metric, which may be NaN."""
    return is_number(value) or (isinstance(value, float) and math.isnan(value))


def _null_is_nan(content):
    """The same with NaN for the null of an object's entries."""
    if isinstance(content, list):
        return [_null_is_nan(each) for each in content]
    if isinstance(content, dict):
        return {k: math.nan if v is None else _null_is_nan(v) for k, v in content.items()}
    return content


def with_ensembles(rows: Dict[str, List[dict]]) -> Dict[str, List[dict]]:
    """Behind a row whose networks were also tested together, a row of their ensemble."""

    def together(values: dict) -> dict:
        return {
            name[len(ENSEMBLE) :]: value
            for name, value in values.items()
            if name.startswith(ENSEMBLE)
        }

    found = {}
    for row, results in rows.items():
        found[row] = results
        if all(together(r['metrics']) for r in results):
            found[row + TOGETHER] = [
                dict(r, **{part: together(r[part]) for part in ('metrics', 'test') if part in r})
                for r in results
            ]
    return found


def columns(rows: Dict[str, List[dict]]) -> List[str]:
    """Metrics of all rows that are neither of one student nor of one joint."""
    names = set.intersection(*(set(r['metrics']) for rs in rows.values() for r in rs))
    found = sorted(n for n in names if re.fullmatch(r'(pck/[^/]+|coco/AP)', n))
    if not found:
        raise ValueError(
            f'rows {", ".join(rows)}: no metric such as coco/AP or pck/bbox@0.1 is in all of their '
            'results; give each table rows with a metric in common'
        )
    return found


def mean_std(values: List[float], form: str = '.1f') -> str:
    """Mean ± standard deviation; the mean in a format, the deviation without a sign.

    A dash where one of the values is none, as errors of poses of which none has a depth;
    empty without values.
    """
    if not values:
        return ''
    if not all(map(math.isfinite, values)):
        return '–'
    mean = format(statistics.mean(values), form)
    if len(values) == 1:
        return mean
    return f'{mean} ± {format(statistics.stdev(values), form.lstrip("+"))}'


def markdown(
    rows: Dict[str, List[dict]],
    equal: Optional[Dict[str, List[dict]]] = None,
    only: Sequence[str] = (),
) -> str:
    """The table, with a line that states seeds, steps, sizes and machine.

    Args:
        rows (dict): Results at equal steps.
        equal (dict, optional): Results at equal compute.
        only (Sequence[str]): The rows to show; all by default.
    """
    names = columns(rows)

    head = ['method', 'labels', 'seeds']
    for name in names:
        head += [in_markdown(name), 'lead', 'gap closed']
    if equal:
        head.append('steps of equal compute')
        for name in names:
            head += [in_markdown(name), 'lead', 'gap closed']
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    for row in only or rows:
        results = rows[row]
        labels = results[0]['labels']
        cells = [
            in_markdown(row),
            in_markdown(labels if isinstance(labels, str) else f'{labels["num"]} {labels["unit"]}'),
            str(len(results)),
        ]
        for name in names:
            cells += measured(row, name, rows)
        if equal:
            cells += equal_cells(row, names, equal)
        lines.append('| ' + ' | '.join(cells) + ' |')
    some = next(iter(rows.values()))[0]
    shown = [result for row in only or rows for result in rows[row]]
    machines = sorted({r['machine'] for r in shown})
    seeds = sorted({r['seed'] for r in shown})
    lines.append(
        f'\nSeeds {", ".join(map(str, seeds))} (labels, weights and order); '
        f'{some["steps"]} optimiser steps; input '
        f'{"x".join(map(str, some["input_size"]))}; {in_markdown("; ".join(machines))}.'
    )
    return '\n'.join(lines)


def markdown_actions(rows: Dict[str, List[dict]]) -> str:
    """PCK on the test set, whole and by action, each with the lead; empty without."""
    tests = {
        row: [dict(r, metrics=r['test']) for r in results if 'test' in r]
        for row, results in rows.items()
    }
    tests = {row: results for row, results in tests.items() if results}
    names = sorted(
        {
            name
            for results in tests.values()
            for r in results
            for name in r['metrics']
            if re.match(r'pck/[^/]+/action/', name)
        }
    )
    if not names:
        return ''
    names.insert(0, names[0].split('/action/')[0])
    head = ['test set', 'seeds', 'all'] + [name.split('/')[-1] for name in names[1:]]
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    for row, results in tests.items():
        lines.append(
            '| '
            + ' | '.join(
                [in_markdown(row), str(len(results))]
                + [mean_std(list(by_seed(row, name, tests).values())) for name in names]
            )
            + ' |'
        )
    for row in tests:
        leads = [lead(row, name, tests) for name in names]
        if any(leads):
            lines.append('| ' + ' | '.join([f'lead of {in_markdown(row)}', ''] + leads) + ' |')
    return '\n\n' + '\n'.join(lines)


def equal_cells(row: str, names: List[str], equal: Dict[str, List[dict]]) -> List[str]:
    """A row's cells at equal compute; empty where it was not run so."""
    if row not in equal:
        return [''] * (1 + 3 * len(names))
    cells = [str(equal[row][0]['steps'])]
    for name in names:
        cells += measured(row, name, equal)
    return cells


# Heading and metric
COLUMNS_3D = (
    ('2D PCK@0.1', 'pck/bbox@0.1'),
    ('MPJPE', 'pose3d/MPJPE'),
    ('N-MPJPE', 'pose3d/N-MPJPE'),
    ('P-MPJPE', 'pose3d/P-MPJPE'),
    ('PCK@150', 'pose3d/PCK'),
    ('AUC', 'pose3d/AUC'),
    ('failed %', 'pose3d/failed'),
)
ORDER_3D = (
    'fs',
    'ss',
    'ws-r',
    'ws',
    'ws-regularized',
    'ws-no-limbs',
    'ws-no-multiview',
    'ws-l1',
    'ws-paper',
    '2d-only',
)


def is_3d(rows: Dict[str, List[dict]]) -> bool:
    """Whether the results have errors of 3D poses."""
    return all('pose3d/MPJPE' in r['metrics'] for rs in rows.values() for r in rs)


def markdown_3d(rows: Dict[str, List[dict]], only: Sequence[str] = ()) -> str:
    """The table of 3D errors, with a line that states seeds, steps and machine.

    Args:
        rows (dict): Results by row.
        only (Sequence[str]): The rows to show; all by default.
    """

    def metric(row: str, name: str) -> Dict[int, float]:
        return {r['seed']: r['metrics'][name] for r in rows.get(row, []) if name in r['metrics']}

    head = (
        ['row', 'seeds', '2D px', 'to 2d-only']
        + [heading for heading, _ in COLUMNS_3D]
        + ['P / FS']
    )
    lines = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    known = [row for row in ORDER_3D if row in rows]
    for row in only or known + [row for row in rows if row not in ORDER_3D]:
        pixels, without = metric(row, 'EPE'), metric('2d-only', 'EPE')
        changes = [pixels[s] - without[s] for s in sorted(set(pixels) & set(without))]
        cells = [
            in_markdown(row),
            str(len(rows[row])),
            mean_std(list(pixels.values()), '.2f'),
            mean_std(changes, '+.2f') if changes and row != '2d-only' else '',
        ]
        for _, name in COLUMNS_3D:
            values = list(metric(row, name).values())
            cells.append(mean_std(values) if values else '')
        own, full = metric(row, 'pose3d/P-MPJPE'), metric('fs', 'pose3d/P-MPJPE')
        common = sorted(set(own) & set(full))
        ratio = sum(own[s] for s in common) / sum(full[s] for s in common) if common else math.nan
        cells.append(f'{ratio:.2f}' if math.isfinite(ratio) else '–')
        lines.append('| ' + ' | '.join(cells) + ' |')
    every = [r for rs in rows.values() for r in rs]
    lines.append(
        f'\nSeeds {", ".join(map(str, sorted({r["seed"] for r in every})))} (weights '
        f'and order); {every[0]["steps"]} optimiser steps after the 2D pre-training; '
        f'input {"x".join(map(str, every[0]["input_size"]))}; errors in mm, 2D in '
        f'pixels of the image; {"; ".join(sorted({r["machine"] for r in every}))}.'
    )
    return '\n'.join(lines)


def by_seed(row: str, name: str, rows: Dict[str, List[dict]]) -> Dict[int, float]:
    """Seed -> value of a metric, in percent, of the runs that have it."""
    return {
        r['seed']: shown(name, r['metrics'][name])
        for r in rows.get(row, [])
        if name in r['metrics']
    }


def shown(name: str, value: float) -> float:
    """A metric as a table has it: of COCO's in percent, NaN where it is undefined (-1)."""
    if 'coco/' not in name:
        return value
    return 100 * value if value >= 0 else math.nan


def measured(row: str, name: str, rows: Dict[str, List[dict]]) -> List[str]:
    """The three cells of a metric: its value, the lead, the gap closed."""
    return [
        mean_std(list(by_seed(row, name, rows).values())),
        lead(row, name, rows),
        gap_closed(row, name, rows),
    ]


def lead(row: str, name: str, rows: Dict[str, List[dict]]) -> str:
    """Mean ± deviation of the difference to the baseline over common seeds."""
    own, base = by_seed(row, name, rows), by_seed(BASELINE, name, rows)
    common = sorted(set(own) & set(base))
    if row in (BASELINE, BOUND) or not common:
        return ''
    differences = [own[seed] - base[seed] for seed in common]
    return ('+' if statistics.mean(differences) >= 0 else '') + mean_std(differences)


def gap_closed(row: str, name: str, rows: Dict[str, List[dict]]) -> str:
    """Share of the way from the baseline to the bound, over common seeds."""
    each = [by_seed(r, name, rows) for r in (row, BASELINE, BOUND)]
    common = sorted(set.intersection(*map(set, each)))
    if row in (BASELINE, BOUND) or not common:
        return ''
    own, low, high = (statistics.mean(e[seed] for seed in common) for e in each)
    if not math.isfinite(own + low + high):
        return '–'
    if high <= low:
        return 'no gap'
    return f'{100 * (own - low) / (high - low):.0f} %'


def make_table(folder: str, only: Sequence[str] = ()) -> str:
    """The table of a folder of results.

    Args:
        folder (str): Where the result files are.
        only (Sequence[str]): The rows of a short table, in their order; all by default.

    Raises:
        ValueError: There are none, they do not fit together, or lack a row of ``only``.
    """
    rows, other = load(folder), osp.normpath(folder) + '-compute'
    missing = [row for row in only if row not in rows]
    if missing:
        raise ValueError(f'{folder}: no row {missing[0]!r}; there are {", ".join(rows)}')
    if is_3d(rows):
        return markdown_3d(rows, only)
    if only:
        return markdown(rows, only=only)
    equal = load(other, same_steps=False) if osp.isdir(other) else None
    actions = markdown_actions(rows)
    if actions:
        actions = f'\n\n<details><summary>Test set, by action</summary>{actions}\n\n</details>'
    return markdown(rows, equal) + actions


def replace_table(text: str, name: str, table: Union[str, Callable[[List[str]], str]]) -> str:
    """``text`` with the marked table replaced.

    Args:
        text (str): A page.
        name (str): Of the table.
        table (str | Callable): Markdown, or what makes it of the names that the marker
            lists after ``only:`` (none: the whole table).

    Raises:
        ValueError: The markers are not there exactly once.
    """
    pattern = re.compile(
        rf'(<!-- table: {re.escape(name)}(?:; only: ([^>]+))? -->\n).*?(<!-- end -->)', re.S
    )
    if len(pattern.findall(text)) != 1:
        raise ValueError(f'no single pair of markers "<!-- table: {name} -->" and "<!-- end -->"')

    def filled(match) -> str:
        only = [part.strip() for part in (match.group(2) or '').split('|') if part.strip()]
        content = table if isinstance(table, str) else table(only)
        return match.group(1) + content + '\n' + match.group(3)

    return pattern.sub(filled, text)


def write_table(page: str, name: str, table: Union[str, Callable[[List[str]], str]]) -> None:
    """Put a table between its markers in a page.

    Args:
        page (str): The file.
        name (str): Of the table.
        table (str | Callable): As :func:`replace_table` takes it.

    Raises:
        ValueError: As :func:`replace_table`; it names the page.
    """
    try:
        text = replace_table(read_bytes(page).decode(), name, table)
    except ValueError as error:
        raise ValueError(f'{page}: {error}') from None
    write_text(page, text)
