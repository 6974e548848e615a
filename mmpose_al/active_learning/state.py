"""What an experiment has done: a journal, ``active_learning.json``.

Its first line is the state as a training found it; each stage that is finished adds a line
(:mod:`mmpose_al.journal`). When the lines outgrow the state they are made into one again. An
experiment that is killed at any moment goes on from the last stage that was finished. What has
been labelled is only ever added to. Whoever only asks gets a :class:`State`, which cannot write.

Versions before 2 wrote one JSON object anew after every stage; it is read, too.
"""

import math
import os.path as osp
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Set

from ..command_line import command_line
from ..fileio import (
    JSON_LIMIT,
    append_bytes,
    is_int,
    keep_copy,
    make_folder,
    message,
    parse_json,
    read_bytes,
    short,
    write_bytes,
)
from ..journal import DamagedError, is_journal, line_of, parse
from .moved import relocated
from .paths import Paths
from .stage_names import last_training
from .state_checks import state_faults, stranger_faults

if TYPE_CHECKING:
    from .pool import Pool

STATE_FORMAT, STATE_VERSION = 'mmpose_al-active-learning', 2
LINES = 2**16  # bytes of lines that are kept, however small the state


class StateError(ValueError):
    """The folder's state does not belong to this experiment or cannot be read."""


class State:
    """What an experiment has done, to be read.

    Args:
        folder (str): Of the experiment; ``active_learning.json`` lies in it.
        content (dict): What the file holds.
    """

    def __init__(self, folder: str, content: dict):
        self.folder = folder
        self.content = content

    @property
    def path(self) -> str:
        return Paths(self.folder).state

    @property
    def rounds(self) -> List[dict]:
        """One a round: ``round``, ``stages`` (name -> what it left)."""
        return self.content['rounds']

    def stage(self, round: int, name: str) -> Optional[dict]:
        """What a stage left; None if it is not done."""
        if round >= len(self.rounds):
            return None
        return self.rounds[round]['stages'].get(name)

    def done(self, round: int, name: str) -> dict:
        """What a stage left that has to be done by now.

        Raises:
            StateError: It is not.
        """
        result = self.stage(round, name)
        if result is None:
            raise StateError(f'{self.path}: {name} of round {round} is not done')
        return result

    def trained(self, round: int) -> Optional[dict]:
        """What the last training of a round left, see :func:`last_training`."""
        known = 0 <= round < len(self.rounds)
        return last_training(self.rounds[round]['stages']) if known else None

    def labeled_by(self, annotator: str) -> List[int]:
        """Ids that are labelled, as an annotator's class gave them."""
        events = [each for each in self.content['labeled'] if each.get('by') == annotator]
        return sorted({i for each in events for i in each['ids']} & set(self.labeled()))

    def labeled(self, until: Optional[int] = None) -> List[int]:
        """Ids labelled so far, or until the beginning of a round's training."""
        found: Set[int] = set()
        for event in self.content['labeled']:
            if until is None or event['round'] <= until:
                found = (found - set(event.get('withdrawn', ()))) | set(event['ids'])
        return sorted(found)


class WritableState(State):
    """The state as the one who runs the experiment holds it."""

    def __init__(self, folder: str, content: dict):
        super().__init__(folder, content)
        self._size: Optional[int] = None  # of the file, as far as we wrote it
        self._whole = 0  # of its first line
        self._events = 0  # of the labels that are in the file

    def add_labels(
        self, round: int, ids: Sequence[int], by: str, withdrawn: Sequence[int] = ()
    ) -> None:
        """Note new labels, in memory, and units whose labels were all taken back.

        Raises:
            StateError: One is labelled already.
        """
        again = sorted(set(ids) & set(self.labeled()))
        if again:
            raise StateError(f'{self.path}: units {again[:5]} are labelled already')
        event: Dict[str, Any] = dict(round=round, by=by, ids=sorted(int(i) for i in ids))
        if withdrawn:
            event['withdrawn'] = sorted(int(i) for i in withdrawn)
        self.content['labeled'].append(event)

    def note(self, round: int, name: str, result: dict) -> None:
        """A stage is done: note what it left, in memory."""
        while len(self.rounds) <= round:
            self.rounds.append(dict(round=len(self.rounds), stages={}))
        self.rounds[round]['stages'][name] = result

    def finish(self, round: int, name: str, result: dict) -> None:
        """A stage is done: note what it left, and add it to the file."""
        self.note(round, name, result)
        events = self.content['labeled'][self._events :]
        self._add(dict(round=round, stage=name, result=result, labeled=events))

    def end(self, reason: Optional[str]) -> None:
        """The experiment is over, or (None) is not any more: note why, and add it to the file."""
        self.content['finished'] = reason
        self._add(dict(finished=reason))

    def write(self) -> None:
        """Write the file whole, atomically; a metric that is not finite as null.

        What it held is kept beside it as the way back.
        """
        paths = Paths(self.folder)
        make_folder(self.folder)
        if osp.exists(self.path):
            keep_copy(self.path, osp.basename(paths.previous_state))
        self.content.update(version=STATE_VERSION, folder=osp.abspath(self.folder))
        line = line_of(self.content)
        self._size = None
        write_bytes(self.path, line)
        self._size = self._whole = len(line)
        self._events = len(self.content['labeled'])

    def _add(self, entry: dict) -> None:
        """Add a line, or write the file whole where it is not ours yet or has grown."""
        if self._size is None or self._size - self._whole > max(self._whole, LINES):
            self.write()
            return
        line, size = line_of(entry), self._size
        self._size = None  # until the line is on the disk
        append_bytes(self.path, line, size)
        self._size = size + len(line)
        self._events = len(self.content['labeled'])


def new_state(folder: str, pool: 'Pool', digest: str, seed: int) -> WritableState:
    """The state of an experiment that has done nothing; nothing is written."""
    return WritableState(
        folder,
        dict(
            format=STATE_FORMAT,
            version=STATE_VERSION,
            config_digest=digest,
            seed=seed,
            unit=pool.unit,
            finished=None,
            pool=dict(file=pool.path, sha256=pool.sha256, units=len(pool.units)),
            labeled=[],
            rounds=[],
        ),
    )


def load_state(folder: str) -> Optional[State]:
    """The state in a folder; None where there is none.

    Raises:
        StateError: The file cannot be read, or holds what no experiment writes, or is gone beside
            the one before it; it says where, and how to go back.
    """
    paths = Paths(folder)
    if osp.exists(paths.state):
        return State(folder, read_state(paths.state))
    if osp.exists(paths.previous_state):
        raise StateError(gone(paths.state))
    return None


def has_experiment(paths: Paths) -> bool:
    """Whether a folder holds what an experiment leaves, be its state there or not."""
    if osp.exists(paths.state) or osp.exists(paths.previous_state):
        return True
    began = osp.isdir(paths.round(0)) or bool(paths.query_rounds())
    return osp.exists(paths.config) and began


def gone(path: str) -> str:
    """What is said where the state is not there, and the experiment is."""
    return (
        f'{path}: is not there, and what the experiment has done is. Put the file back, or begin '
        f'anew with another --work-dir. {_way_back(path)}'
    )


def read_state(path: str) -> dict:
    """What a state's file holds.

    Raises:
        StateError: See :func:`load_state`.
    """
    try:
        content = _content(read_bytes(path, JSON_LIMIT), path)
        if not isinstance(content, dict) or 'format' not in content:
            raise ValueError('it holds something else')
        if content['format'] != STATE_FORMAT or content['version'] not in (1, STATE_VERSION):
            raise ValueError(f'format {content["format"]!r}, version {content["version"]!r}')
    except DamagedError as error:
        raise StateError(f'{error}. {_way_back(path)}') from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise StateError(
            f'{path} is no state of an experiment: {str(error).rstrip(".")}. Take another '
            f'work_dir, or put the file back. {_way_back(path)}'
        ) from error
    for fault in state_faults(content):
        raise StateError(f'{message(path, *fault, "put the file back")} {_way_back(path)}')
    for entry in content['rounds']:
        for stage in entry['stages'].values():
            metrics = stage.get('metrics') or {}
            metrics.update({k: math.nan for k, v in metrics.items() if v is None})
    return relocated(content, osp.dirname(osp.abspath(path)))


def _content(raw: bytes, path: str) -> dict:
    if not is_journal(raw):
        content = parse_json(raw, path)
        if isinstance(content, dict) and content.get('version') == STATE_VERSION:
            raise ValueError('its lines have lost their checksums')
        return content
    return replayed(parse(raw, path))


def replayed(entries: Sequence[dict]) -> dict:
    """The state that the lines of a file make.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: They are no lines of a state.
    """
    content: Dict[str, Any] = entries[0]
    state = WritableState('', content)
    for entry in entries[1:]:
        if 'stage' in entry:
            content['labeled'].extend(entry['labeled'])
            if not is_int(entry['round']) or not 0 <= entry['round'] <= len(state.rounds):
                there = f'rounds 0 to {len(state.rounds)} may follow'
                raise ValueError(f'a line is of round {short(entry["round"])}, and {there}')
            if not isinstance(entry['stage'], str):
                raise ValueError(f'a line is of the stage {short(entry["stage"])}')
            state.note(entry['round'], entry['stage'], entry['result'])
        else:
            content['finished'] = entry['finished']
    return content


def _way_back(path: str) -> str:
    return f'`{command_line("doctor", osp.dirname(path))}` shows the last good state'


def check_state(
    state: State, pool: 'Pool', digest: str, seed: int, changed: Sequence[str] = ()
) -> None:
    """Raise StateError unless the state is of this pool, config and seed.

    Args:
        state (State): As it was read.
        pool (Pool): As it is now.
        digest (str): Of the config.
        seed (int): Of the run.
        changed (Sequence[str]): Keys of the config that are others now, for the error.
    """
    keys = f' ({short(list(changed), 300)})' if changed else ''
    for what, old, new, remedy in (
        (
            'pool',
            state.content['pool']['sha256'],
            pool.sha256,
            f'the file {pool.path} has changed since; put the old one back',
        ),
        ('unit', state.content['unit'], pool.unit, 'it cannot be changed'),
        ('seed', state.content['seed'], seed, 'it cannot be changed'),
        (
            'config',
            state.content['config_digest'],
            digest,
            f'the config{keys}, or the file of confidence that it names, has changed since; '
            f'compare it with {osp.basename(Paths("").config)} in that folder (limits, strategy '
            'and work_dir may change)',
        ),
    ):
        if old != new:
            raise StateError(
                f'{state.path}: {what} is not that of this run: {remedy}, '
                'or start anew with another --work-dir'
            )
    for fault in stranger_faults(state.content, pool.units):
        raise StateError(
            f'{message(state.path, *fault, "put the file back")} {_way_back(state.path)}'
        )
