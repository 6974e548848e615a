"""The figure of active-learning experiments: a metric against the labels."""

import statistics
from typing import Dict, List, NamedTuple, Optional

from matplotlib.figure import Figure

from ..active_learning.report.analysis import target_of
from ..fileio import write_figure
from ..metric_direction import lower_is_better
from .active_learning_table import ALONE, active, bound, by_label, metrics_of
from .results_table import TOGETHER

LABELS = {
    'multiview/MKPE': 'MKPE [mm]',
    'keypoints/EPE': 'EPE [px]',
    'coco/AP': 'AP [%]',
    'pck/bbox@0.1': 'PCK@0.1 [%]',
}
COLORS = 10  # of matplotlib's cycle
LINES = (('-', 'o'), ('--', 's'), (':', '^'), ('-.', 'D'), ('--', 'x'), (':', 'v'))


class Look(NamedTuple):
    """How a row is drawn."""

    color: str
    line: str
    marker: str


def looks(rows: List[str]) -> Dict[str, Look]:
    """A colour for each strategy; rows that add something to it have other lines."""
    families: Dict[str, List[str]] = {}
    for row in rows:
        families.setdefault(row.split('-')[0], []).append(row)
    return {
        row: Look(f'C{number % COLORS}', *LINES[place % len(LINES)])
        for number, family in enumerate(families.values())
        for place, row in enumerate(family)
    }


def drawn(rows: Dict[str, List[dict]]) -> List[str]:
    """Rows of the figure: not what was reached before bootstrapping, what networks reach
    together, or full supervision."""
    return [row for row in active(rows) if not row.endswith((ALONE, TOGETHER))]


def panels(rows: Dict[str, List[dict]]) -> List[List[str]]:
    """Rows of the figure's parts: strategies alone; what is added, and to what."""
    names = drawn(rows)
    added = [row for row in names if '-' in row]
    alone = [row for row in names if '-' not in row]
    bases = [row for row in alone if any(a.startswith(row + '-') for a in added)]
    return [part for part in (alone, bases + added if added else []) if part]


def seeds(values: list) -> str:
    """How many there are, in words."""
    return f'{len(values)} seed{"s" * (len(values) != 1)}'


def draw(
    rows: Dict[str, List[dict]],
    path: str,
    metric: Optional[str] = None,
    shown: Optional[Dict[str, str]] = None,
) -> None:
    """A metric against labels, bars over seeds, full supervision dashed.

    Args:
        rows (dict): Results by row.
        path (str): The picture to write, a PNG.
        metric (str, optional): The main one by default.
        shown (dict, optional): Rows to draw in one part, and what the legend calls them; all
            by default, in the parts of :func:`panels`.

    Raises:
        ValueError: There is no such metric or row.
    """
    names, known = metrics_of(rows), drawn(rows)
    name = names[0] if metric is None else metric
    for kind, asked, those in (('metric', [name], names), ('row', shown or (), known)):
        missing = [each for each in asked if each not in those]
        if missing:
            raise ValueError(f'no {kind} {missing[0]!r}; there are {", ".join(those)}')
    parts = panels(rows) if shown is None else [list(shown)]
    legend, look = shown or {}, looks(known if shown is None else list(shown))
    figure = Figure(figsize=(5.6 * len(parts), 5.2), layout='constrained')
    axes = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    for axis, part in zip(axes, parts):
        _draw_rows(axis, rows, part, name, look, legend)
    axes[0].set_ylabel(LABELS.get(name, name))
    write_figure(path, figure, format='png', dpi=110, metadata={'Software': None})


def _draw_rows(axis, rows, part, name, look, legend) -> None:
    """One part of the figure: its rows, full supervision, and the legend."""
    curves = {row: dict(sorted(by_label(rows[row], name).items())) for row in part}
    labels = {label for values in curves.values() for label in values}
    width = min(0.012, 0.08 / len(part)) * (max(labels) - min(labels))
    for index, (row, values) in enumerate(curves.items()):
        # Side by side, so that the bars of one round can be told apart.
        shift = (index - (len(part) - 1) / 2) * width
        axis.errorbar(
            [label + shift for label in values],
            [statistics.mean(each) for each in values.values()],
            [statistics.stdev(each) if len(each) > 1 else 0 for each in values.values()],
            color=look[row].color,
            ls=look[row].line,
            marker=look[row].marker,
            markersize=4,
            capsize=2,
            label=legend.get(row) or f'{row} ({seeds(rows[row])})',
        )
    full = bound(rows, name)
    if full:
        whole = statistics.mean(full)
        axis.axhline(whole, color='0.3', ls='--', label=f'full supervision ({seeds(full)})')
        target = target_of(whole, bool(lower_is_better(name)))
        axis.axhline(target, color='0.6', ls=':', label='95 % of it')
    axis.set_xticks(sorted({n for row in part for n in by_label(rows[row], name)}))
    some = rows[part[0]][0]
    axis.set_xlabel(f'labelled of {some["units"]} {some.get("unit", "frames")}')
    axis.legend(
        fontsize='small',
        loc='upper center',
        bbox_to_anchor=(0.5, 0),  # below the name of the axis
        borderaxespad=4.5,
        ncol=2 if len(part) > 4 else 1,
    )
    axis.grid(alpha=0.3)
