"""Units that files name: the frames of a recording that want a look, and others after them."""

import copy
import glob
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

import numpy as np

from ...fileio import FileError, is_int, read_json, short
from ..pool import Pool
from ..registry import QUERY_STRATEGIES
from ..statistics import PoolStatistics
from .base import QueryStrategy, Selection
from .constraints import Constraints


class Place(NamedTuple):
    """A frame that a file names: its file, its recording, its number there."""

    path: str
    sequence: str
    frame: int


@QUERY_STRATEGIES.register_module()
class Listed(QueryStrategy):
    """Frames that files name come first, in their order; another strategy chooses the rest.

    ``mmpose-al predict`` names the frames of a rig whose views agree least, in its
    ``*.summary.json``. Of a frame that the pool does not have, the nearest one of the same
    recording is meant. What is labelled already is passed over.

    Args:
        files (str | Sequence[str]): Such summaries, or JSON lists of
            ``{"sequence": name, "frame": number}``. A pattern (``look/*.json``) may fit no file
            yet; each round takes what is there.
        then (dict): Config of the strategy that chooses the rest, by its own rules about
            sequences, too; those of this one hold for all.
        sequence (str, optional): Recording of the pool that all of them are of, where the
            files call it otherwise.
        kwargs: See :class:`QueryStrategy`.
    """

    def __init__(
        self,
        files: Union[str, Sequence[str]],
        then: Optional[dict] = None,
        sequence: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.files = [files] if isinstance(files, str) else list(files)
        if not self.files:
            raise ValueError('Listed: files names none; give summaries of `mmpose-al predict`')
        self.sequence = sequence
        self.then = QUERY_STRATEGIES.build(then or dict(type='RandomSampling'))
        self.needs = self.then.needs

    def check_joints(self, num: int) -> None:
        """See :class:`QueryStrategy`."""
        self.then.check_joints(num)

    def check_pool(self, pool: Pool) -> None:
        """See :class:`QueryStrategy`."""
        self.then.check_pool(pool)

    def utilities(self, pool: PoolStatistics) -> np.ndarray:
        """The first of n named units has n, the last 1; the others have 0."""
        worth = np.zeros(len(pool.units))
        named = self.named(pool)
        for place, index in enumerate(named):
            worth[index] = len(named) - place
        return worth

    def pick(self, pool: PoolStatistics, budget: int, constraints: Constraints) -> Selection:
        """The named ones, then those of the other strategy."""
        worth = self.utilities(pool)
        chosen: List[int] = []
        for index in self.named(pool):
            if len(chosen) < budget and constraints.free[index]:
                chosen.append(index)
                constraints.take(index)
        ids, utilities = [int(pool.units[i]) for i in chosen], [float(worth[i]) for i in chosen]
        if len(ids) < budget:
            # For the others they are labelled; so they are held to the rules of both.
            others = copy.copy(pool)
            others.labeled = pool.labeled.copy()
            others.labeled[chosen] = True
            rules = self.rules.with_those_of(self.then.rules)
            rest = self.then.pick(others, budget - len(ids), Constraints(others, *rules))
            ids += rest.ids
            utilities += [0.0] * len(rest.ids)
        return Selection(ids, utilities)

    def shown(self, utility: float) -> str:
        """See :class:`QueryStrategy`."""
        return 'named by a file' if utility > 0 else f'chosen by {type(self.then).__name__}'

    def named(self, pool: PoolStatistics) -> List[int]:
        """Indices of the named units, each once.

        Raises:
            FileError: A file cannot be followed, or is of a recording that the pool has not.
        """
        places = [place for path in self.paths() for place in read_places(path)]
        numbers: Dict[Any, int] = {}
        for number, name in enumerate(pool.recordings or ()):
            numbers[name] = number
        found: Dict[int, None] = {}
        for place in places:
            name = place.sequence if self.sequence is None else self.sequence
            mine = np.flatnonzero(pool.sequences == numbers.get(name, -1))
            if not len(mine):
                there = ', '.join(sorted(str(n) for n in numbers if n is not None)) or 'none'
                raise FileError(
                    f'{place.path}: is of the recording {name!r}, and the recordings of the pool '
                    f'are {short(there)}. Name the one that is meant: Listed(sequence=...), or '
                    'take the file out'
                )
            found[int(mine[np.argmin(np.abs(pool.times[mine] - place.frame))])] = None
        return list(found)

    def paths(self) -> List[str]:
        """The files that are there, those of a pattern in the order of their names."""
        found: List[str] = []
        for each in self.files:
            found += sorted(glob.glob(each)) if glob.has_magic(each) else [each]
        return found


def read_places(path: str) -> List[Place]:
    """The frames that a file names.

    Raises:
        FileError: It cannot be read, or is neither a summary nor a list.
    """
    content = read_json(path)
    recording, entries = None, content
    if isinstance(content, dict):
        recording, entries = content.get('recording'), content.get('look_at')
    if not isinstance(entries, list):
        raise FileError(
            f'{path}: is neither a summary of `mmpose-al predict` on a rig nor a list of '
            '{"sequence": name, "frame": number}. Write one of them'
        )
    places = []
    for number, entry in enumerate(entries):
        given = entry if isinstance(entry, dict) else {}
        sequence, frame = given.get('sequence', recording), given.get('frame')
        for field, value, fits in (
            ('sequence', sequence, isinstance(sequence, str)),
            ('frame', frame, is_int(frame)),
        ):
            if not fits:
                where = f'look_at[{number}]' if isinstance(content, dict) else f'[{number}]'
                raise FileError.at(path, where, field, f'is {short(value)}', 'write it')
        places.append(Place(path, str(sequence), int(frame or 0)))
    return places
