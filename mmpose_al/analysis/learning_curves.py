"""Learning curves of the rows of a results table: a metric against steps."""

import os.path as osp
import statistics
from typing import Dict, List, Optional

from matplotlib.figure import Figure

from ..fileio import write_figure
from .results_table import BOUND, ENSEMBLE, TOGETHER, columns, shown


def draw(rows: Dict[str, List[dict]], path: str, metric: Optional[str] = None) -> None:
    """The mean over seeds, with the deviation as a band; ensembles dashed.

    Args:
        rows (dict): Results by row, as
            :func:`~mmpose_al.analysis.results_table.load` has them.
        path (str): The picture to write, a PNG.
        metric (str, optional): One of the table's columns; the first by default.

    Raises:
        ValueError: There is no such metric, or no result has a curve.
    """
    names = columns(rows)
    name = names[0] if metric is None else metric
    if name not in names:
        raise ValueError(f'no metric {name!r}; there are {", ".join(names)}')
    curves = {row: values for row, values in curves_of(rows, name).items() if values}
    if not curves:
        some = next(iter(rows.values()))[0]
        raise ValueError(
            f'{osp.dirname(some.get("path", ""))}: no result has a "curve", as benchmarks note it '
            'where a training validates more than once. Leave --figure out'
        )
    figure = Figure(figsize=(8.5, 4.6), layout='constrained')
    axis = figure.subplots()
    colors: Dict[str, str] = {}
    for row, values in curves.items():
        whole = row[: -len(TOGETHER)] if row.endswith(TOGETHER) else row
        color = '0.3' if row == BOUND else colors.setdefault(whole, f'C{len(colors) % 10}')
        steps, means = list(values), [statistics.mean(each) for each in values.values()]
        number = len(rows[row])
        label = f'{row} ({number} seed{"s" * (number != 1)})'
        axis.plot(steps, means, '--' if row != whole else '-', color=color, marker='.', label=label)
        if number > 1:
            apart = [statistics.stdev(each) for each in values.values()]
            low, high = ([m + sign * a for m, a in zip(means, apart)] for sign in (-1, 1))
            axis.fill_between(steps, low, high, color=color, alpha=0.15, linewidth=0)
    axis.set_xlabel('optimiser step')
    axis.set_ylabel(f'{name}, in %' if 'coco/' in name else name)
    axis.grid(alpha=0.3)
    figure.legend(fontsize='small', loc='outside right upper')
    write_figure(path, figure, format='png', dpi=110, metadata={'Software': None})


def curves_of(rows: Dict[str, List[dict]], name: str) -> Dict[str, Dict[int, List[float]]]:
    """Step -> values of the seeds, of each row, at the steps that all its seeds have."""
    found = {}
    for row, results in rows.items():
        key = ENSEMBLE + name if row.endswith(TOGETHER) else name
        seeds = [
            {
                e['step']: shown(name, e['metrics'][key])
                for e in result.get('curve', ())
                if key in e['metrics']
            }
            for result in results
        ]
        steps = set.intersection(*map(set, seeds))
        found[row] = {step: [seed[step] for seed in seeds] for step in sorted(steps)}
    return found
