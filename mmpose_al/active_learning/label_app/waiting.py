"""Labels that somebody has given in the browser and nobody has handed over."""

from typing import Dict, List

import numpy as np

from ..answers.kept import all_poses, load_all_answers
from ..paths import Paths
from ..query import Query, label_command, load_query
from .journal import Journal
from .progress import labels_of, replay
from .tasks import tasks_of


def waiting_units(folder: str) -> Dict[int, List[int]]:
    """Round -> units with labels that the experiment has never got.

    Args:
        folder (str): Of the experiment.

    Raises:
        ValueError: A query, a journal or answers cannot be read.
    """
    rounds = Paths(folder).label_rounds()
    known = all_poses(load_all_answers(folder)) if rounds else {}
    found = {}
    for number in rounds:
        query = load_query(folder, number)
        units = [] if query is None else _waiting(folder, query, known)
        if units:
            found[number] = units
    return found


def _waiting(folder: str, query: Query, known: Dict[int, List[np.ndarray]]) -> List[int]:
    events = Journal(Paths(folder).label_journal(query.round), query).events
    progress = replay(query.units, events)
    return [
        task.unit
        for task in tasks_of(query)
        if any(
            not any(np.array_equal(points.ravel(), each) for each in known.get(number, ()))
            for number, points in labels_of(task, progress[task.unit], query).items()
        )
    ]


def waiting_lines(folder: str, unit: str, open_round: int) -> List[str]:
    """What waits in the browser, a line for each round, with what to do.

    Args:
        folder (str): Of the experiment.
        unit (str): ``'frames'``, for people.
        open_round (int): Whose query is open; -1 for none.
    """
    lines = []
    try:
        waiting = waiting_units(folder)
    except (OSError, ValueError) as error:  # of who only looks, nothing else has to wait for it
        return [f'what waits in the browser cannot be told: {error}']
    for number, units in waiting.items():
        text = f'{unit} with labels in the browser that were not handed over: {len(units)}'
        if number == open_round:
            lines.append(f'{text}. There: Units, Finish, Hand over\n    {label_command(folder)}')
        else:
            when = '' if open_round >= 0 else ' once a query is open'
            lines.append(
                f'round {number}, which is closed: {text}. They can still become labels{when}\n'
                f'    {label_command(folder, number)}'
            )
    return lines
