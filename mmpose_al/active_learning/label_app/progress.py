"""What people did to the units of a query so far: a function of the journal's events.

A cell is one thing that somebody says of a person in an image: where a joint is, key
``(annotation, joint)``, or why the person cannot be labelled, key ``(annotation, WHOLE)``.
Undo and redo are events too, so that they have no end and outlive a restart.
"""

from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

import numpy as np

from ..query import Query
from .tasks import Task

Cell = Tuple[int, int]
Change = Tuple[Dict[Cell, Any], Dict[Cell, Any]]  # what was there, and what is there now
WHOLE = -1
COPY = 'copy'  # labels that were there before anybody began


class UnitProgress:
    """What was done to one unit.

    Attributes:
        cells (dict): Cell -> [x, y, v] of a joint (v = 0: there is none to be labelled), or
            the reason why a person in an image cannot be labelled.
        done (bool): Whether somebody said that it is.
        owner (str): Who worked on it last; None for nobody.
        seconds (dict): Name -> how long that person looked at it.
        revision (int): How many events there were, but for those that only tell the time.
        clicks (int): How many of them changed something.
        at (str): When that was last, as ISO 8601 writes it.
        times (dict): Annotation id -> when something was last said about that person.
        hands (set[str]): Who said something.
        begun_from (set[int]): Annotation ids with labels that were there before.
    """

    def __init__(self) -> None:
        self.cells: Dict[Cell, Any] = {}
        self.done = False
        self.owner: Optional[str] = None
        self.seconds: Dict[str, float] = {}
        self.revision = 0
        self.clicks = 0
        self.at: Optional[str] = None
        self.times: Dict[int, Optional[str]] = {}
        self.hands: Set[str] = set()
        self.begun_from: Set[int] = set()
        self.last_key: Optional[str] = None
        self._undo: List[Change] = []
        self._redo: List[Change] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def apply(self, event: dict) -> None:
        """Take one event of the journal."""
        self.revision += event['op'] != 'time'  # what somebody else is about to say stands
        if event['op'] == COPY:
            self._write({(a, k): [x, y, v] for a, k, x, y, v in event['cells']})
            self.begun_from.update(a for a, _ in self.cells)
            return
        who, seconds = event['who'], event.get('seconds') or 0.0
        self.seconds[who] = self.seconds.get(who, 0.0) + seconds
        if event['op'] == 'time':
            return
        self.owner, self.last_key, self.at = who, event.get('key'), event.get('time')
        if event['op'] == 'take':
            return
        if event['op'] == 'done':
            self.done = event['done']
            return
        self.clicks += 1
        self.done = False
        self.hands.add(who)
        if event['op'] == 'undo':
            changed = self._step(self._undo, self._redo)
        elif event['op'] == 'redo':
            changed = self._step(self._redo, self._undo)
        else:
            changed = cells_of(event)
            before = {cell: self.cells.get(cell) for cell in changed}
            self._write(changed)
            self._undo.append((before, changed))
            self._redo.clear()
        self.times.update((a, self.at) for a, _ in changed)

    def _step(self, taken: List[Change], given: List[Change]) -> Dict[Cell, Any]:
        """Take the last change of one list back, and note how to make it again."""
        if not taken:
            return {}
        before, after = taken.pop()
        self._write(before)
        given.append((after, before))
        return before

    def _write(self, cells: Dict[Cell, Any]) -> None:
        for cell, value in cells.items():
            if value is None:
                self.cells.pop(cell, None)
            else:
                self.cells[cell] = value

    def joint(self, annotation: int, joint: int) -> Optional[List[float]]:
        """[x, y, v] of a joint that somebody gave; None where nobody did."""
        return self.cells.get((annotation, joint))

    def reason(self, annotation: int) -> Optional[str]:
        """Why a person in an image cannot be labelled; None where nobody said so."""
        return self.cells.get((annotation, WHOLE))


def cells_of(event: dict) -> Dict[Cell, Any]:
    """What a ``set`` or ``skip`` event writes; None takes a cell away."""
    if event['op'] == 'set':
        return {(a, k): [x, y, v] for a, k, x, y, v in event['cells']}
    return {(a, WHOLE): event['reason'] for a in event['annotations']}


def replay(units: Iterable[int], events: Iterable[dict]) -> Dict[int, UnitProgress]:
    """Unit -> what was done to it."""
    progress = {unit: UnitProgress() for unit in units}
    for event in events:
        if event.get('unit') in progress:
            progress[event['unit']].apply(event)
    return progress


def labels_of(task: Task, progress: UnitProgress, query: Query) -> Dict[int, np.ndarray]:
    """Annotation id -> keypoints (K, 3) that somebody gave; suggestions are none.

    Persons without a joint, and those who cannot be labelled, are left out. So is a unit that
    nobody has worked on.
    """
    found: Dict[int, np.ndarray] = {}
    if progress.owner is None:
        return found
    for number in task.annotations:
        cells = [progress.joint(number, joint) for joint in range(len(query.joints))]
        keypoints = np.array([cell or [0, 0, 0] for cell in cells], np.float64)
        keypoints[keypoints[:, 2] == 0] = 0
        if keypoints[:, 2].any() and progress.reason(number) is None:
            found[number] = keypoints
    return found
