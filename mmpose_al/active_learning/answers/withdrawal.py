"""Labels are taken back: of a person, or of some joints. What was accepted is kept for ever, so
this is one more event, which says that there is no label."""

from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ...fileio import digest
from ..formats import Answer, AnswerError
from ..query import load_queries, train_command
from ..state import load_state
from .intake import check_kept, document_of, query_pool, write
from .kept import (
    WITHDRAWN,
    kept_answer,
    kept_withdrawal,
    latest,
    load_all_answers,
    locked,
    time_now,
)
from .late import is_closed


class Withdrawn(NamedTuple):
    """What was taken back.

    Attributes:
        round (int): The open one, whose training is the first without these labels.
        persons (list[int]): Persons without a label now.
        joints (int): How many labels were taken back.
    """

    round: int
    persons: List[int]
    joints: int


def withdraw(
    work_dir: str,
    persons: Sequence[int],
    joints: Optional[Sequence[str]] = None,
    dry_run: bool = False,
) -> Withdrawn:
    """Take labels of persons back, of any round.

    Args:
        work_dir (str): Of the experiment.
        persons (Sequence[int]): Annotation ids of the pool.
        joints (Sequence[str], optional): Names of joints; default: all.
        dry_run (bool): Check only.

    Raises:
        AnswerError: No query is open, or a person or joint has no label; nothing was written.
    """
    queries = load_queries(work_dir)
    query = queries[-1] if queries else None
    if query is None or is_closed(load_state(work_dir), query):
        raise AnswerError(
            f'{work_dir}: no query is open, and labels can be taken back only while one is. '
            f'Go on with\n    {train_command(work_dir)}'
        )
    unknown = sorted(set(joints or ()) - set(query.joints))
    if unknown:
        raise AnswerError(
            f'--joints: there are no {", ".join(unknown)}; there are {", ".join(query.joints)}'
        )
    chosen = np.array([joints is None or name in joints for name in query.joints])
    pool = query_pool(query)
    with locked(work_dir):
        if is_closed(load_state(work_dir), query):
            raise AnswerError(f'{work_dir}: a training has just begun; wait for its next query')
        documents = load_all_answers(work_dir)
        check_kept(work_dir, pool, documents)
        entries, taken = _entries(latest(documents), persons, chosen)
        document = document_of(query, documents)
        document['events'].append(
            dict(
                file=WITHDRAWN,
                time=time_now(),
                sha256=digest(entries, 64),
                format=WITHDRAWN,
                warnings=[],
                warnings_total=0,
                checked=sorted(persons),
                annotations=entries,
            )
        )
        if not dry_run:
            write(work_dir, pool, query, documents, document)
    bare = [each['id'] for each in entries if not any(each['keypoints'][2::3])]
    return Withdrawn(query.round, bare, taken)


def _entries(labels: Dict[int, dict], persons: Sequence[int], chosen: np.ndarray) -> tuple:
    """The new entries of persons without the chosen joints, and how many labels these had.

    Raises:
        AnswerError: A person has none of them.
    """
    entries, taken = [], 0
    for number in dict.fromkeys(persons):
        known = labels.get(number)
        points = np.zeros((len(chosen), 3))
        if known is not None:
            points = np.reshape(np.array(known['keypoints'], np.float64), (-1, 3))
        gone = chosen & (points[:, 2] > 0)
        if not gone.any():
            raise AnswerError(f'--persons: person {number} has no such label')
        taken += int(gone.sum())
        points[gone] = 0
        by, at = (known or {}).get('by'), (known or {}).get('at')
        entries.append(
            kept_answer(Answer('', number, points, by=by, at=at))
            if points[:, 2].any()
            else kept_withdrawal(number, len(chosen))
        )
    return entries, taken
