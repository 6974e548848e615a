"""Curves of several runs side by side, from what MMEngine's logger wrote."""

import glob
import json
import os.path as osp
import re
from typing import Dict, List, Optional, Tuple

from matplotlib.figure import Figure

from ..fileio import is_number, write_figure

Scalars = Dict[str, Dict[int, float]]

NOT_CURVES = ('step', 'iter', 'epoch', 'time', 'data_time', 'memory')
_STUDENT = re.compile(r'student\d+_')


def read_scalars(work_dir: str) -> Scalars:
    """Read every ``vis_data/scalars.json`` of a work directory.

    A resumed run has one for each start. They are read in the order of their time
    stamps. Where a later start begins to log at a step, earlier values from that step on do
    not count: that start went on from before it, or was a training of its own.

    Args:
        work_dir (str): MMEngine's work directory.

    Returns:
        dict: name -> {step: value}, steps ascending.

    Raises:
        FileNotFoundError: When the folder holds no scalars.
    """
    paths = sorted(glob.glob(osp.join(glob.escape(work_dir), '*', 'vis_data', 'scalars.json')))
    if not paths:
        below = sorted(
            osp.dirname(osp.dirname(osp.dirname(path)))
            for path in glob.glob(
                osp.join(glob.escape(work_dir), '*', '**', 'vis_data', 'scalars.json'),
                recursive=True,
            )
        )
        other = f'. There are trainings below it, such as {below[0]}: name one' if below else ''
        raise FileNotFoundError(
            f'{work_dir} holds no */vis_data/scalars.json: the run has logged nothing '
            f'yet, or its visualizer has no LocalVisBackend{other}'
        )
    scalars: Scalars = {}
    for path in paths:
        own: Scalars = {}
        with open(path, encoding='utf-8') as file:
            for line in file:
                _add_line(own, line)
        for name, values in own.items():
            before = scalars.get(name, {})
            first = min(values)
            kept = {step: value for step, value in before.items() if step < first}
            scalars[name] = {**kept, **values}
    return {name: dict(sorted(values.items())) for name, values in scalars.items()}


def plot_curves(runs: Dict[str, str], out_file: str, metric: Optional[str] = None) -> List[str]:
    """Draw losses, responses and metrics of several runs into one picture.

    Values of the students of one network pair are averaged into one curve.

    Args:
        runs (dict): Label of a run -> its work directory.
        out_file (str): The picture to write, e.g. ``curves.png``.
        metric (str, optional): The metric to draw, e.g. ``pck/bbox@0.1``, and with it
            its ensemble's; the first that was logged by default.

    Returns:
        list[str]: Titles of the panels that had something to show.

    Raises:
        FileNotFoundError: A folder holds no scalars.
        ValueError: No run has logged ``metric``.
    """
    scalars = {label: read_scalars(folder) for label, folder in runs.items()}
    panels: Dict[str, list] = {}
    for index, (label, run) in enumerate(scalars.items()):
        for title, name, values in curves_of(run):
            panels.setdefault(title, []).append((index, label, name, values))
    if 'metric' in panels:
        panels['metric'] = _shown_metrics(panels['metric'], metric)
    elif metric:
        raise ValueError(f'no run has logged {metric!r}, nor any other metric')
    titles = [title for title in ('loss', 'response', 'metric') if title in panels]
    figure = Figure(figsize=(5.5 * max(len(titles), 1), 5), layout='constrained')
    for position, title in enumerate(titles):
        axes = figure.add_subplot(1, len(titles), position + 1)
        _draw_panel(axes, title, panels[title])
    write_figure(out_file, figure, dpi=110)
    return titles


def curves_of(scalars: Scalars) -> List[Tuple[str, str, Dict[int, float]]]:
    """Panel, name and values of what is drawn of a run; a loss of one part has one curve."""
    run = average_students(scalars)
    return [
        (title, name, values)
        for title, name, values in ((panel_of(name), name, values) for name, values in run.items())
        if title is not None and (name == 'loss' or values != run.get('loss'))
    ]


def panel_of(name: str) -> Optional[str]:
    """The panel a scalar belongs to; None for what is not drawn.

    Metrics carry a slash; those of one student (``student0/...``) are left out, their
    mean and the ensemble's stay.
    """
    if name in NOT_CURVES or name.endswith('lr'):
        return None
    if '/' in name:
        return None if name.startswith(('student', 'mean/')) else 'metric'
    if 'response' in name:
        return None if 'ratio' in name else 'response'
    return 'loss' if 'loss' in name else None


def average_students(scalars: Scalars) -> Scalars:
    """Replace ``..student0_x`` and ``..student1_x`` by their mean ``..x``."""
    groups: Dict[str, list] = {}
    for name, values in scalars.items():
        groups.setdefault(_STUDENT.sub('', name), []).append(values)
    result = {}
    for name, members in groups.items():
        steps = set(members[0]).intersection(*members[1:])
        result[name] = {
            step: sum(values[step] for values in members) / len(members) for step in sorted(steps)
        }
    return result


def _add_line(scalars: Scalars, line: str) -> None:
    """Add a line of ``scalars.json``; a line cut off by a kill is left out."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return
    if not isinstance(record, dict):
        return
    step = record.get('step', record.get('iter', 0))
    for name, value in record.items():
        if name not in ('step', 'iter', 'epoch') and is_number(step) and _is_real(value):
            scalars.setdefault(name, {})[int(step)] = float(value)


def _is_real(value: object) -> bool:
    """Whether a logged value is a number of a curve, which may have diverged."""
    return isinstance(value, float) or is_number(value) or isinstance(value, bool)


def _shown_metrics(curves: List[Tuple], metric: Optional[str]) -> List[Tuple]:
    """One metric of the runs, with its ensemble; more would hide each other."""
    names = [name for _, _, name, _ in curves if not name.startswith('ensemble/')]
    chosen = metric or next(iter(names), None)
    shown = [c for c in curves if c[2] in (chosen, f'ensemble/{chosen}')]
    if not shown:
        raise ValueError(f'no run has logged {metric!r}; there are {", ".join(sorted(set(names)))}')
    return shown


def _draw_panel(axes, title: str, curves: List[Tuple]) -> None:
    styles = {}
    for index, label, name, values in curves:
        style = styles.setdefault(name, ('-', '--', ':', '-.')[len(styles) % 4])
        axes.plot(
            list(values),
            list(values.values()),
            style,
            color=f'C{index}',
            marker='.' if len(values) < 20 else None,
            label=f'{label}: {name}',
        )
    axes.set_title(title)
    axes.set_xlabel('step')
    axes.grid(alpha=0.3)
    if title == 'loss':
        axes.set_yscale('log')
    # Below the name of the axis, whatever height the axes are left.
    axes.legend(fontsize='x-small', loc='upper center', bbox_to_anchor=(0.5, 0), borderaxespad=5.5)
