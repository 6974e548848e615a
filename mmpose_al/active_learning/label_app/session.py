"""A session: what people do to the open query, held to it, and kept at once.

Nothing here knows of the network. Who asks is a name, and a tab of that person's browser.
"""

import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from ...datasets.joint_sides import joint_side, side_pairs
from ...fileio import is_int, is_number, short
from ..answers.intake import query_pool
from ..answers.late import is_closed
from ..experiment import open_query
from ..paths import Paths
from ..pool import Pool
from ..query import Query, train_command
from ..state import load_state
from .handover import Handed, hand_over
from .journal import Journal
from .progress import UnitProgress, replay
from .suggestions import Suggestions
from .tasks import Task, tasks_of

#: How a joint came to where it is, for the journal.
WAYS = ('click', 'drag', 'nudge', 'accept', 'accept_all', 'swap', 'hidden', 'delete')
#: Seconds after which a tab that says nothing is gone.
ALIVE = 30.0
MAX_NAME, MAX_REASON, MAX_SECONDS = 60, 200, 3600.0


class Refused(ValueError):
    """A request is not carried out; nothing was changed.

    Args:
        text (str): Why, for people.
        kind (str): ``'wrong'`` (the request itself), ``'tab'`` (another tab of this person
            works), ``'other'`` (somebody else has the unit) or ``'stale'`` (the unit has
            changed since).
    """

    def __init__(self, text: str, kind: str = 'wrong'):
        super().__init__(text)
        self.kind = kind


class _Tab(NamedTuple):
    """The tab that a person works in."""

    tab: str
    unit: Optional[int]
    seen: float


class Session:
    """The open query of an experiment, and what people have said so far.

    Args:
        folder (str): Of the experiment, or of labels without one, see :mod:`.plain`.
        threshold (float, optional): How far clicks may be from where the other views put a
            joint, pixels; by default as ``ingest`` has it: a share of the person's size.
        clock (callable): Gives seconds; who has said nothing for ``ALIVE`` is gone.
        query (Query, optional): What is labelled; by default the open query.
        next_command (str, optional): What to do when the labels are handed over; by default
            the experiment goes on.
        on_handed (callable, optional): Called after labels were handed over.

    Raises:
        Missing: No query is open.
        FileError: The journal cannot be read.
    """

    def __init__(
        self,
        folder: str,
        threshold: Optional[float] = None,
        clock: Callable[[], float] = time.monotonic,
        query: Optional[Query] = None,
        next_command: Optional[str] = None,
        on_handed: Callable[[], None] = lambda: None,
    ):
        self.folder, self._clock = folder, clock
        self.next_command = next_command or train_command(folder)
        self._on_handed = on_handed
        query = query or open_query(folder)
        self.query: Query = query
        self.pool: Pool = query_pool(query)
        self.tasks: List[Task] = tasks_of(query)
        self._task: Dict[int, Task] = {task.unit: task for task in self.tasks}
        self.journal = Journal(Paths(folder).label_journal(query.round), query)
        self.progress = replay(query.units, self.journal.events)
        self.suggestions = Suggestions(query, self.pool, threshold)
        self._tabs: Dict[str, _Tab] = {}

    # ---- people ------------------------------------------------------------------------

    def join(self, name: Any, tab: Any, force: bool = False) -> str:
        """A person begins in a tab; gives the name as it is kept.

        Raises:
            Refused: The person works in another tab, and ``force`` is False.
        """
        name = ' '.join(name.split()) if isinstance(name, str) else ''
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise Refused(f'A name has 1 to {MAX_NAME} letters')
        if not isinstance(tab, str) or not 0 < len(tab) <= 40:
            raise Refused('The tab has no id; load the page anew')
        known = self._tabs.get(name)
        if known is not None and known.tab != tab and not force and self._alive(known):
            raise Refused(f'{name} works in another tab already', 'tab')
        self._tabs[name] = _Tab(tab, None, self._clock())
        return name

    def _alive(self, tab: _Tab) -> bool:
        return self._clock() - tab.seen < ALIVE

    def _check_tab(self, name: Any, tab: Any) -> str:
        """The person that a tab belongs to, who is there still."""
        known = self._tabs.get(name) if isinstance(name, str) else None
        if known is None:  # the server was started anew
            return self.join(name, tab)
        if known.tab != tab:
            raise Refused(f'{name} went on in another tab; this one shows old labels', 'tab')
        self._tabs[name] = known._replace(seen=self._clock())
        return name

    def holder(self, unit: int, name: str) -> Optional[str]:
        """Who else has a unit: looks at it now, or has begun it. None for nobody."""
        progress = self.progress[unit]
        if progress.owner not in (None, name) and not progress.done:
            return progress.owner
        for other, tab in self._tabs.items():
            if other != name and tab.unit == unit and self._alive(tab):
                return other
        return None

    @property
    def is_round(self) -> bool:
        """Whether an experiment asks; a plain project has no rounds."""
        return load_state(self.folder) is not None

    # ---- looking -----------------------------------------------------------------------

    def setup(self) -> dict:
        """What the page needs once: joints, sides, limbs, round, units."""
        joints, category = self.query.joints, self.query.content['category']
        limbs = [[a - 1, b - 1] for a, b in category.get('skeleton') or []]
        return dict(
            round=self.query.round if self.is_round else None,
            query=self.query.id,
            unit=self.query.content['unit'],
            units=self.query.units,
            joints=joints,
            sides=[joint_side(name) or 'middle' for name in joints],
            pairs=[list(pair) for pair in side_pairs(joints)],
            limbs=[limb for limb in limbs if all(0 <= k < len(joints) for k in limb)],
        )

    def overview(self, name: Any, tab: Any) -> dict:
        """How far everybody is. Also says that the tab is there still.

        Raises:
            Refused: The person went on in another tab.
        """
        name = self._check_tab(name, tab)
        return dict(
            units=[self._line(task, name) for task in self.tasks],
            people=self._people(),
            closed=is_closed(load_state(self.folder), self.query),
        )

    def _line(self, task: Task, name: str) -> dict:
        progress = self.progress[task.unit]
        given = [(a, k) for (a, k), value in progress.cells.items() if k >= 0 and value[2] > 0]
        return dict(
            unit=task.unit,
            done=progress.done,
            joints=len(given),
            views=len({a for a, _ in given}),
            of=len(task.annotations) * len(self.query.joints),
            of_views=len(task.annotations),
            skipped=sum(progress.reason(a) is not None for a in task.annotations),
            owner=progress.owner,
            holder=self.holder(task.unit, name),
            seconds=round(sum(progress.seconds.values()), 1),
        )

    def _people(self) -> Dict[str, dict]:
        """Name -> units done and seconds."""
        people: Dict[str, dict] = {}
        for progress in self.progress.values():
            for name, seconds in progress.seconds.items():
                entry = people.setdefault(name, dict(done=0, seconds=0.0))
                entry['seconds'] = round(entry['seconds'] + seconds, 1)
            if progress.done and progress.owner is not None:
                people.setdefault(progress.owner, dict(done=0, seconds=0.0))['done'] += 1
        return people

    def open(self, name: Any, tab: Any, unit: Any) -> dict:
        """A unit as it stands; from now on this person looks at it.

        Raises:
            Refused: There is no such unit, or the person went on in another tab.
        """
        name = self._check_tab(name, tab)
        task = self._known(unit)
        held = self.holder(task.unit, name)
        looks_at = None if held else task.unit
        self._tabs[name] = self._tabs[name]._replace(unit=looks_at)
        return self.shown(task.unit, name)

    def next(self, name: Any, tab: Any) -> Optional[int]:
        """The unit to go on with: one's own that is begun, else the first that nobody has.

        Raises:
            Refused: The person went on in another tab.
        """
        name = self._check_tab(name, tab)
        free = [
            task.unit
            for task in self.tasks
            if not self.progress[task.unit].done and self.holder(task.unit, name) is None
        ]
        begun = [unit for unit in free if self.progress[unit].owner == name]
        return next(iter([*begun, *free]), None)

    def shown(self, unit: int, name: str) -> dict:
        """What a unit looks like to a person."""
        task, progress = self._task[unit], self.progress[unit]
        return dict(
            unit=unit,
            place=self.query.units.index(unit),
            revision=progress.revision,
            done=progress.done,
            holder=self.holder(unit, name),
            can_undo=progress.can_undo,
            can_redo=progress.can_redo,
            seconds=round(progress.seconds.get(name, 0.0), 1),
            persons=[self.suggestions.person(each, progress) for each in task.persons],
        )

    # ---- changing ----------------------------------------------------------------------

    def change(self, name: Any, tab: Any, request: dict) -> dict:
        """Carry one change out, and keep it; gives the unit as it stands then.

        Args:
            name, tab (str): Who asks.
            request (dict): ``op`` (``set``, ``skip``, ``undo``, ``redo``, ``done``,
                ``take``, ``time``), ``unit``, ``revision`` that it is about, ``key`` that
                tells it from others, ``seconds`` since the one before, and what the op needs.

        Raises:
            Refused: Nothing was changed.
            OSError: It could not be kept; nothing was changed.
        """
        name = self._check_tab(name, tab)
        task = self._known(request.get('unit'))
        progress, op = self.progress[task.unit], request.get('op')
        key = request.get('key')
        if isinstance(key, str) and key == progress.last_key:
            return self.shown(task.unit, name)  # kept already; its answer was lost
        held = self.holder(task.unit, name)
        if held is not None and op not in ('take', 'time'):
            raise Refused(f'{held} has this unit', 'other')
        if op not in ('take', 'time') and request.get('revision') != progress.revision:
            raise Refused('This unit has changed since; look at it again', 'stale')
        event = dict(op=op, who=name, unit=task.unit, seconds=_seconds(request.get('seconds')))
        if isinstance(key, str) and len(key) <= 40:
            event['key'] = key
        event.update(self._checked(op, task, progress, request))
        progress.apply(self.journal.append(event))
        return self.shown(task.unit, name)

    def _checked(self, op: Any, task: Task, progress: UnitProgress, request: dict) -> dict:
        """What is special of an op's event."""
        if op == 'set':
            return self._checked_set(task, request)
        if op == 'skip':
            reason = request.get('reason')
            annotations = request.get('annotations')
            if reason is not None and (
                not isinstance(reason, str) or not 0 < len(reason.strip()) <= MAX_REASON
            ):
                raise Refused(f'A reason has 1 to {MAX_REASON} letters')
            if not isinstance(annotations, list) or not annotations:
                raise Refused('It says nobody who cannot be labelled')
            for number in annotations:
                self._check_annotation(task, number)
            return dict(annotations=annotations, reason=reason and reason.strip())
        if op == 'done':
            return dict(done=bool(request.get('done', True)))
        if op == 'undo' and not progress.can_undo:
            raise Refused('There is nothing to undo')
        if op == 'redo' and not progress.can_redo:
            raise Refused('There is nothing to redo')
        if op not in ('undo', 'redo', 'take', 'time'):
            raise Refused(f'op is {short(op)}')
        return {}

    def _checked_set(self, task: Task, request: dict) -> dict:
        """Joints and how they came there."""
        cells, how = request.get('cells'), request.get('how')
        if how not in WAYS or not isinstance(cells, list) or not cells:
            raise Refused(f'how is one of {", ".join(WAYS)}, and cells is a list of joints')
        if len(cells) > len(task.annotations) * len(self.query.joints):
            raise Refused('There are more joints than the unit has')
        return dict(cells=[self._checked_cell(task, cell) for cell in cells], how=how)

    def _checked_cell(self, task: Task, cell: Any) -> List[Any]:
        """[annotation, joint, x, y, v], rounded to thousandths of a pixel."""
        if not isinstance(cell, list) or len(cell) != 5:
            raise Refused(f'{short(cell)} is not [annotation, joint, x, y, v]')
        annotation, joint, x, y, v = cell
        entry = self._check_annotation(task, annotation)
        if not is_int(joint) or not 0 <= joint < len(self.query.joints):
            raise Refused(f'{short(joint)} is no joint')
        if not (is_number(x) and is_number(y)) or v not in (0, 1, 2):
            raise Refused(f'{short(cell)}: x and y are numbers, v is 0, 1 or 2')
        if v == 0:
            return [annotation, joint, 0.0, 0.0, 0]
        image = self.query.images[entry['image_id']]
        x, y = round(float(x), 3), round(float(y), 3)
        if not (-0.5 <= x <= image['width'] - 0.5 and -0.5 <= y <= image['height'] - 0.5):
            raise Refused(f'({x}, {y}) is outside the {image["width"]}x{image["height"]} image')
        return [annotation, joint, x, y, int(v)]

    def _check_annotation(self, task: Task, number: Any) -> dict:
        if not is_int(number) or number not in task.annotations:
            raise Refused(f'{short(number)} is no person of unit {task.unit}')
        return self.query.annotations[number]

    def _known(self, unit: Any) -> Task:
        task = self._task.get(unit) if is_int(unit) else None
        if task is None:
            raise Refused(f'{short(unit)} is no unit of this query')
        return task

    # ---- finishing ---------------------------------------------------------------------

    def hand_over(self, name: Any, tab: Any, begun: bool = False, dry_run: bool = False) -> Handed:
        """Give what was labelled to the experiment, as ``ingest`` does.

        Args:
            name, tab (str): Who asks.
            begun (bool): Whether units that nobody called done are given too.
            dry_run (bool): Only say what would come of it.

        Raises:
            Refused: The person went on in another tab.
            AnswerError: The labels are refused.
        """
        self._check_tab(name, tab)
        handed = hand_over(self.folder, self.query, self.tasks, self.progress, begun, dry_run)
        if handed.taken is not None and not dry_run:
            self._on_handed()
        return handed


def _seconds(value: Any) -> float:
    """Seconds that a page says to have been looked at, within bounds."""
    return round(min(max(float(value), 0.0), MAX_SECONDS), 3) if is_number(value) else 0.0
