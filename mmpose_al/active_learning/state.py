"""What an experiment has done: one JSON file, ``active_learning.json``.

It is written whole and atomically after every stage, so an experiment that is killed at any
moment goes on from the last stage that was finished. What has been labelled is only ever
added to. Whoever only asks gets a :class:`State`, which cannot write.
"""

import math
import os.path as osp
from typing import TYPE_CHECKING, List, Optional, Sequence

from ..fileio import read_json, write_json
from .paths import Paths

if TYPE_CHECKING:
    from .pool import Pool

STATE_FORMAT, STATE_VERSION = 'mmpose_al-active-learning', 1
STAGES = ('annotate', 'train', 'score', 'select', 'pseudo')


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

    def labeled(self, until: Optional[int] = None) -> List[int]:
        """Ids labelled so far, or until the beginning of a round's training."""
        return sorted(
            i
            for event in self.content['labeled']
            if until is None or event['round'] <= until
            for i in event['ids']
        )


class WritableState(State):
    """The state as the one who runs the experiment holds it."""

    def add_labels(self, round: int, ids: Sequence[int], by: str) -> None:
        """Note new labels, in memory.

        Raises:
            StateError: One is labelled already.
        """
        again = sorted(set(ids) & set(self.labeled()))
        if again:
            raise StateError(f'{self.path}: units {again[:5]} are labelled already')
        self.content['labeled'].append(dict(round=round, by=by, ids=sorted(int(i) for i in ids)))

    def note(self, round: int, name: str, result: dict) -> None:
        """A stage is done: note what it left, in memory."""
        while len(self.rounds) <= round:
            self.rounds.append(dict(round=len(self.rounds), stages={}))
        self.rounds[round]['stages'][name] = result

    def finish(self, round: int, name: str, result: dict) -> None:
        """A stage is done: note what it left and write the file."""
        self.note(round, name, result)
        self.write()

    def write(self) -> None:
        """Write the file, atomically; a metric that is not finite as null."""
        write_json(self.path, self.content)


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
        StateError: The file cannot be read.
    """
    path = Paths(folder).state
    if not osp.exists(path):
        return None
    try:
        content = read_json(path)
        if content['format'] != STATE_FORMAT or content['version'] != STATE_VERSION:
            raise ValueError(f'format {content["format"]!r}, version {content["version"]!r}')
        content['labeled'], content['rounds'], content['pool']['sha256']
        for entry in content['rounds']:
            metrics = entry['stages'].get('train', {}).get('metrics') or {}
            metrics.update({k: math.nan for k, v in metrics.items() if v is None})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            f'{path} is no state of an experiment: {str(error).rstrip(".")}. Take another '
            'work_dir, or put the file back'
        ) from error
    return State(folder, content)


def writable(state: Optional[State]) -> Optional[WritableState]:
    """A state for the one who runs the experiment; None for None."""
    return None if state is None else WritableState(state.folder, state.content)


def check_state(state: State, pool: 'Pool', digest: str, seed: int) -> None:
    """Raise StateError unless the state is of this pool, config and seed."""
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
            f'the config has changed since; compare it with {osp.basename(Paths("").config)} in '
            'that folder (limits and work_dir may change)',
        ),
    ):
        if old != new:
            raise StateError(
                f'{state.path}: {what} is not that of this run: {remedy}, '
                'or start anew with another --work-dir'
            )
