"""Answers to a round that is closed: they become labels of the round that is open.

The experiment has gone on from a closed round, so nothing of it can change. Its persons are
still of the same pool, and a label of theirs is worth as much now. A tool whose project has all
rounds exports the answers of all of them each time, so only those count that were never
accepted before.
"""

from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..formats import Answer, AnswerError
from ..query import Query
from ..state import State
from .kept import all_poses, entries_of, taken_back
from .reading import Read
from .several import moment

OLDER = 'answers of an earlier round about persons who were answered again since'


class Late(NamedTuple):
    """Answers to a closed round that are new.

    Attributes:
        query (Query): What they answer.
        answers (dict): Annotation id -> answer.
    """

    query: Query
    answers: Dict[int, Answer]


def is_closed(state: Optional[State], query: Query) -> bool:
    """Whether the experiment has gone on from a query."""
    return state is not None and state.stage(query.round, 'annotate') is not None


def by_openness(
    state: Optional[State], read: Read, queries: Sequence[Query]
) -> Tuple[Read, List[Read]]:
    """What of a file answers the open query, and what of it is late.

    Args:
        state (State, optional): Of the experiment.
        read (Read): The file.
        queries (Sequence[Query]): Of the experiment, by round.

    Returns:
        tuple: The first is of a closed query where no query of the same pool is open.
    """
    late = [each for each in (read, *read.earlier) if is_closed(state, each.query)]
    now = read
    if is_closed(state, read.query):
        last = queries[-1]
        if is_closed(state, last) or not _same_pool(last, read.query):
            return read, []
        now = read._replace(query=last, answers=[], earlier=())
    return now, [each for each in late if _same_pool(now.query, each.query)]


def _same_pool(one: Query, other: Query) -> bool:
    """Whether two queries ask about the same pool, wherever its file lay then."""
    return one.content['pool']['sha256'] == other.content['pool']['sha256']


def new_ones(
    late: Iterable[Read],
    take: Callable[[Read], Dict[int, Answer]],
    documents: Sequence[dict],
    answered: Iterable[int],
    told: Read,
    repeats: bool = True,
) -> List[Late]:
    """Late answers that were never accepted.

    Those to persons about whom a later round has an answer count only if they are newer.

    Args:
        late (Iterable[Read]): Of closed rounds, the latest first.
        take (callable): Annotation id -> answer, of those that are labels.
        documents (Sequence[dict]): All that was accepted.
        answered (Iterable[int]): Persons whom the file labels in the open round.
        told (Read): What the file is about first; a round that it has beside is left out
            where its answers cannot be used. Why something is left out is noted there.
        repeats (bool): Whether an answer counts again that was accepted and taken back since.

    Raises:
        AnswerError: The answers that the file is about cannot be used.
    """
    gone, last = taken_back(documents), last_rounds(documents)
    known, back = all_poses(documents), gone if repeats else set()
    found, seen = [], set(answered)
    for read in late:
        try:
            given = take(read)
        except AnswerError as error:
            if read is told:
                raise
            what = f'answers of round {read.query.round}, none of which is taken: {error}'
            told.passed_over.setdefault(what, []).extend(each.entry for each in read.answers)
            continue
        new = {}
        for number, answer in given.items():
            poses = () if number in back else known.get(number, ())
            same = any(np.array_equal(pose, answer.keypoints.ravel()) for pose in poses)
            if same or number in seen:
                continue
            if number not in gone and is_older(answer, read.query.round, last.get(number)):
                told.passed_over.setdefault(OLDER, []).append(answer.entry)
            else:
                new[number] = answer
        seen.update(given)
        if new:
            found.append(Late(read.query, new))
    return found


def last_rounds(documents: Sequence[dict]) -> Dict[int, Tuple[int, Optional[str]]]:
    """Annotation id -> the round that the answer which counts is of, and its time."""
    return {
        entry['id']: (entry.get('late', document['round']), entry.get('at'))
        for document in documents
        for _, entry in entries_of([document])
        if any(entry['keypoints'][2::3])
    }


def is_older(answer: Answer, round: int, last: Optional[Tuple[int, Optional[str]]]) -> bool:
    """Whether a later round than this has an answer that is newer, as far as one can tell."""
    if last is None or last[0] <= round:
        return False
    mine, other = moment(answer.at), moment(last[1])
    return mine is None or other is None or mine <= other
