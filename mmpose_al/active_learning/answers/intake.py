"""Answers of people are taken: read, checked whole, kept for ever, and made into labels.

The way of a file: it is read once and recognised (:mod:`.reading`), its answers are held to
the query and the pool, what is new is added to ``answers/round_XX.json``
(:mod:`.kept`), and ``labels.json`` follows (:mod:`.labels`). The pool is read once.
"""

import os.path as osp
from contextlib import nullcontext
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ...fileio import remove_leftovers, sync_folder
from ..formats import Answer, AnswerError
from ..paths import Paths
from ..pool import Pool, load_pool
from ..query import Query, load_queries, train_command
from ..state import load_state
from .kept import answered_units, load_answers, locked, merged, new_answers, write_answers
from .labels import check_labels, update_labels
from .reading import Read, read_answers

# Tools round to hundredths of a pixel; closer than this is where the prediction was.
UNCHANGED = 0.02
# Nobody clicks so many joints in two images at the same places, to the last digit.
COPIED = 3


class Ingested(NamedTuple):
    """What became of a file of answers.

    Attributes:
        round (int): Of the query that it answers.
        format (str): How it was read.
        annotations (list[int]): Persons in images that were accepted.
        units (list[int]): What counts as labelled by them.
        views, joints (int): How many were labelled.
        unchanged (list[int]): Came back as they had been filled in, and were left out.
        kept (list[int]): Came back without any joint, and keep their earlier labels.
        warnings (list[str]): Clicks that do not agree with those of the other views.
        written (bool): Whether anything is new on disk.
        passed_over (dict): What of the file is no answer, and why -> its places there.
    """

    round: int
    format: str
    annotations: List[int]
    units: List[int]
    views: int
    joints: int
    unchanged: List[int]
    kept: List[int]
    warnings: List[str]
    written: bool
    passed_over: Dict[str, List[str]] = {}


def ingest(
    work_dir: str,
    path: str,
    format: Optional[str] = None,
    accept_unchanged: bool = False,
    dry_run: bool = False,
    options: Optional[dict] = None,
) -> Ingested:
    """Take answers back: all of the file or nothing.

    A person whose joints are all where the prediction had put them is left out, unless
    the file says that somebody looked at it: it was submitted (Label Studio), or its
    attribute ``reviewed`` is true (COCO, CVAT). So is the unchanged copy of a person in
    another image.

    Args:
        work_dir (str): Of the experiment.
        path (str): What an annotation tool exported.
        format (str, optional): Name of an annotation format; None: told from the content.
        accept_unchanged (bool): Unchanged persons and copies count as looked at.
        dry_run (bool): Check only.
        options (dict, optional): Of the format.

    Raises:
        AnswerError: Anything is wrong; nothing was written.
        ValueError: The experiment's own files cannot be read, or there is no such format
            or option.
    """
    queries = load_queries(work_dir)
    if not queries:
        raise AnswerError(
            f'{work_dir} holds no query. Give the work directory of an '
            'experiment with a FileAnnotator'
        )
    read = read_answers(path, queries, format, options, work_dir)
    query = read.query
    check_open(work_dir, query, path)
    pool = query_pool(query)
    unchanged = [] if accept_unchanged else untouched(read.answers, query)
    copied = [] if accept_unchanged else copies(read, query)
    new = accepted(read, [*unchanged, *copied], path)
    check_labels(pool, new, path)
    with nullcontext() if dry_run else locked(work_dir):
        check_open(work_dir, query, path)  # a training may have begun meanwhile
        document = load_answers(work_dir, query.round) or new_answers(query)
        before = merged([document])
        warnings = warnings_of(pool, {**before, **new}, query.content['threshold'])
        changed = any(i not in before or not np.array_equal(before[i], k) for i, k in new.items())
        if changed and not dry_run:
            event = dict(
                file=osp.basename(path),
                sha256=read.sha256,
                format=read.format,
                warnings=warnings,
                annotations=[dict(id=i, keypoints=k.ravel().tolist()) for i, k in new.items()],
            )
            document['events'].append(event)
            answers_file = Paths(work_dir).answers(query.round)
            for folder in (work_dir, osp.dirname(answers_file)):
                remove_leftovers(folder)
            write_answers(work_dir, document)
        if not dry_run:  # also what a process wrote that was killed just then
            sync_folder(osp.dirname(Paths(work_dir).answers(query.round)))
            update_labels(work_dir, pool)
    empty = {a.annotation for a in read.answers if not is_labelled(a)}
    return Ingested(
        query.round,
        read.format,
        sorted(new),
        answered_units(query, new),
        len(new),
        int(sum((k[:, 2] > 0).sum() for k in new.values())),
        sorted(unchanged),
        sorted(empty & set(before)),
        warnings,
        changed and not dry_run,
        read.passed_over,
    )


def is_labelled(answer: Answer) -> bool:
    """Whether an answer labels a joint."""
    return bool((answer.keypoints[:, 2] > 0).any())


def untouched(answers: Sequence[Answer], query: Query) -> List[int]:
    """Persons whose joints are all where the prediction had put them, not looked at."""
    return [
        a.annotation
        for a in answers
        if is_labelled(a) and not a.reviewed and _as_filled_in(a, query)
    ]


def _as_filled_in(answer: Answer, query: Query) -> bool:
    prediction = query.annotations[answer.annotation]['prediction']
    if prediction is None:
        return False
    filled = np.asarray(prediction)
    there = filled.any(1)
    return bool(
        np.array_equal(np.where(there, 2, 0), answer.keypoints[:, 2])
        and np.abs(filled[there, :2] - answer.keypoints[there, :2]).max(initial=0) <= UNCHANGED
    )


def copies(read: Read, query: Query) -> List[int]:
    """Persons with exactly the joints of an earlier one in another image, not looked at.

    They are noted among what was passed over.
    """
    first: Dict[bytes, int] = {}
    copied = []
    for answer in read.answers:
        image = query.annotations[answer.annotation]['image_id']
        if answer.reviewed or (answer.keypoints[:, 2] > 0).sum() < COPIED:
            continue
        if first.setdefault(answer.keypoints.tobytes(), image) != image:
            what = 'unchanged copies of a person in another image (--accept-unchanged takes them)'
            read.passed_over.setdefault(what, []).append(answer.entry)
            copied.append(answer.annotation)
    return copied


def accepted(read: Read, left_out: Sequence[int], path: str) -> Dict[int, np.ndarray]:
    """Annotation id -> keypoints (K, 3) of what is labelled, by id.

    Raises:
        AnswerError: Nothing is.
    """
    new = {
        a.annotation: a.keypoints
        for a in sorted(read.answers, key=lambda a: a.annotation)
        if is_labelled(a) and a.annotation not in set(left_out)
    }
    if not new:
        why = [f'{len(entries)} passed over: {what}' for what, entries in read.passed_over.items()]
        if left_out:
            why.append(
                f'{len(left_out)} persons came back exactly as they were filled in; '
                'if somebody looked at them, give --accept-unchanged'
            )
        raise AnswerError(
            f'{path}: labels no joint of query {read.query.id}'
            + (f' ({"; ".join(why)})' if why else '')
            + '. Label something and export again'
        )
    return new


def check_open(work_dir: str, query: Query, path: str) -> None:
    """Refuse the answers to a query that the experiment has gone on from.

    Raises:
        AnswerError: The query is closed.
    """
    state = load_state(work_dir)
    if state is not None and state.stage(query.round, 'annotate') is not None:
        last = load_queries(work_dir)[-1]
        remedy = (
            f'Answer the query of round {last.round}'
            if state.stage(last.round, 'annotate') is None
            else f'No query is open; go on with\n    {train_command(work_dir)}'
        )
        raise AnswerError(
            f'{path}: answers query {query.id} of round {query.round}, which is '
            'closed: the experiment has trained on its answers, and what had none is '
            f'back in the pool. {remedy}'
        )


def query_pool(query: Query) -> Pool:
    """The pool that a query is about.

    Raises:
        AnswerError: Its file has changed since.
    """
    told = query.content['pool']
    try:
        pool = load_pool(told['file'], query.content['unit'], on_bad='skip')
    except FileNotFoundError as error:
        raise AnswerError(
            f'{told["file"]}: the pool of query {query.id} is not there. Put it back'
        ) from error
    if pool.sha256 != told['sha256']:
        raise AnswerError(
            f'{told["file"]}: the pool has changed since query '
            f'{query.id} was asked. Put the old file back'
        )
    return pool


def warnings_of(pool: Pool, keypoints: Dict[int, np.ndarray], threshold: float) -> List[str]:
    """See :func:`~.consistency.consistency_warnings`, which a pool without cameras spares."""
    if not pool.data['cameras']:
        return []
    from .consistency import consistency_warnings  # imports torch

    return consistency_warnings(pool, keypoints, threshold)
