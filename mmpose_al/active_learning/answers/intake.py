"""Answers of people are taken: read, checked whole, kept for ever, and made into labels.

The way of a file: it is read once and recognised (:mod:`.reading`), its answers are held to
the query and the pool, what is new is added to ``answers/round_XX.json``
(:mod:`.kept`), and ``labels.json`` follows (:mod:`.labels`). The pool is read once.
"""

import os.path as osp
from contextlib import ExitStack, contextmanager
from typing import Collection, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...datasets.splits import instance_units
from ...fileio import remove_leftovers, sync_folder, without_collector
from ..formats import Answer, AnswerError, NothingNew
from ..paths import Paths
from ..pool import Pool, load_pool
from ..query import Query, load_queries, train_command
from ..state import load_state
from .kept import (
    answered_units,
    check_none_lost,
    entries_of,
    kept_answer,
    kept_withdrawal,
    latest,
    load_all_answers,
    locked,
    merged,
    new_answers,
    time_now,
    write_answers,
)
from .label_warnings import LabelWarning, in_order, kept_warnings, place
from .labels import check_labels, write_labels
from .late import Late, by_openness, is_closed, new_ones
from .reading import Read, read_answers
from .several import check_annotator, moment, one_a_person, told_by_several
from .single_view import persons_of, single_view_warnings
from .untouched import beside_others, check_origin, copies, find_untouched, is_labelled

KEPT = 'what was accepted before is kept; ingest the file again'


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
        warnings (list[LabelWarning]): Labels that are worth another look.
        written (bool): Whether anything is new on disk.
        passed_over (dict): What of the file is no answer, and why -> its places there.
        replaced (dict): Persons who had other labels before -> by how many pixels the
            joint moved that moved most.
        asked, answered (int): Persons of the query, and those of them with labels now.
        grid (float, optional): Pixels that the file rounds to, where it does coarsely.
        moved (float): By how many pixels the joints of those who had other labels moved, mean.
        late (dict): Closed round -> persons of its query who are labels of this round.
        withdrawn (list[int]): Persons whose labels are taken back.
        lost (dict): Joint -> of how many persons it had a label before, and has none now.
    """

    round: int
    format: str
    annotations: List[int]
    units: List[int]
    views: int
    joints: int
    unchanged: List[int]
    kept: List[int]
    warnings: List[LabelWarning]
    written: bool
    passed_over: Dict[str, List[str]] = {}
    replaced: Dict[int, float] = {}
    asked: int = 0
    answered: int = 0
    grid: Optional[float] = None
    moved: float = 0.0
    late: Dict[int, List[int]] = {}
    withdrawn: List[int] = []
    lost: Dict[str, int] = {}


class Taken(NamedTuple):
    """What of a file is taken.

    Attributes:
        answers (dict): Annotation id -> answer, by id.
        unchanged (list[int]): Left out: nobody has touched them.
        empty (list[int]): Persons without any joint.
        warnings (list[LabelWarning]): Where annotators differ.
        grid (float, optional): See :class:`Ingested`.
        several (list[Answer]): Where several annotators answered about a person who is
            taken, the answer of each.
        late (Sequence[Late]): Answers to closed rounds.
        withdrawn (list[int]): See :class:`Ingested`.
    """

    answers: Dict[int, Answer]
    unchanged: List[int]
    empty: List[int]
    warnings: List[LabelWarning]
    grid: Optional[float]
    several: Sequence[Answer] = ()
    late: Sequence[Late] = ()
    withdrawn: Sequence[int] = ()

    @property
    def keypoints(self) -> Dict[int, np.ndarray]:
        """Annotation id -> (K, 3)."""
        parts = [*(late.answers for late in self.late), self.answers]
        return {number: answer.keypoints for part in parts for number, answer in part.items()}


class Seen(NamedTuple):
    """How new answers compare with what was kept before.

    Attributes:
        changed (bool): Whether any is new.
        replaced (dict): See :class:`Ingested`.
        moved (float): See :class:`Ingested`.
        warnings (list[LabelWarning]): What is worth another look.
        checked (list[int]): Whom it was looked for.
        lost (dict): See :class:`Ingested`.
    """

    changed: bool
    replaced: Dict[int, float]
    moved: float
    warnings: List[LabelWarning]
    checked: List[int]
    lost: Dict[str, int]


@without_collector()
def ingest(
    work_dir: str,
    path: str,
    format: Optional[str] = None,
    accept_unchanged: bool = False,
    dry_run: bool = False,
    options: Optional[dict] = None,
    annotator: Optional[str] = None,
    several: str = 'latest',
    withdraw: bool = False,
    repeats: bool = True,
    begun_from: Collection[int] = (),
) -> Ingested:
    """Take answers back: all of the file or nothing.

    Answers to a closed round that were never accepted become labels of the open one.

    A person whose joints are all where the prediction had put them is left out, unless
    the file says that somebody looked at it: it was submitted by hand (Label Studio), or its
    attribute ``reviewed`` is true (COCO, CVAT). So is the unchanged copy of a person in
    another image.

    Args:
        work_dir (str): Of the experiment.
        path (str): What an annotation tool exported.
        format (str, optional): Name of an annotation format; None: told from the content.
        accept_unchanged (bool): Unchanged persons and copies count as looked at.
        dry_run (bool): Check only.
        options (dict, optional): Of the format.
        annotator (str, optional): Whose answers count, where the file says whose they are.
        several (str): Which of several people's answers counts: ``'latest'``, or the
            ``'mean'`` of them.
        withdraw (bool): Persons who come back without any joint lose their earlier labels,
            unless those were accepted after that was said.
        repeats (bool): Whether an answer counts again that the file has had before, and that
            was withdrawn or replaced since. False for what holds all answers of a tool each
            time: there it is no new one.
        begun_from (Collection[int]): Persons who had labels of the pool that somebody began
            from; with ``withdraw`` they can lose these.

    Raises:
        AnswerError: Anything is wrong; nothing was written.
        ValueError: The experiment's own files cannot be read, or there is no such format,
            option or rule.
    """
    queries = load_queries(work_dir)
    if not queries:
        raise AnswerError(
            f'{work_dir} holds no query. Give the work directory of an '
            'experiment with a FileAnnotator'
        )
    read = read_answers(path, queries, format, options, work_dir)
    now, late = by_openness(load_state(work_dir), read, queries)
    query = now.query
    check_open(work_dir, query, path)
    pool = query_pool(query)

    def choose(each: Read) -> Taken:
        told_origin = 'pixel_origin' in (options or {})
        return take(each, path, accept_unchanged, told_origin, annotator, several)

    said = [answer for each in {id(r): r for r in (now, *late)}.values() for answer in each.answers]
    check_annotator(said, annotator, path)
    taken = choose(now) if now.answers or now is read else Taken({}, [], [], [], None)
    if not (taken.answers or late or withdraw):
        raise nothing_labelled(read, path, len(taken.unchanged))
    check_labels(pool, taken.keypoints, path)
    with ExitStack() as stack:
        if not dry_run:
            with saying(KEPT):
                stack.enter_context(locked(work_dir))
        check_open(work_dir, query, path)  # a training may have begun meanwhile
        documents = load_all_answers(work_dir)
        if not repeats:
            taken = without_repeats(taken, read, path, documents)
        taken = taken._replace(
            late=new_ones(
                late, lambda r: choose(r).answers, documents, taken.answers, read, repeats
            ),
            withdrawn=withdrawn(now, taken, path, documents, begun_from) if withdraw else [],
        )
        check_kept(work_dir, pool, documents, taken.keypoints)
        check_taken(work_dir, read, path, taken)
        if taken.late:
            check_labels(pool, taken.keypoints, path)
        document = document_of(query, documents)
        before = latest([document])
        seen = compare(pool, query, documents, document, taken)
        if seen.changed:
            document['events'].append(event_of(read, path, taken, seen))
        if not dry_run:
            write(work_dir, pool, query, documents, document if seen.changed else None)
    return ingested(read, query, taken, seen, before, seen.changed and not dry_run)


def ingested(
    read: Read, query: Query, taken: Taken, seen: Seen, before: Dict[int, dict], written: bool
) -> Ingested:
    """What became of a file of answers; ``before``: what was kept of the round."""
    new = taken.keypoints
    return Ingested(
        query.round,
        read.format,
        sorted(new),
        answered_units(query, new),
        len(new),
        int(sum((k[:, 2] > 0).sum() for k in new.values())),
        sorted(taken.unchanged),
        sorted((set(taken.empty) & set(before)) - set(taken.withdrawn)),
        seen.warnings,
        written,
        read.passed_over,
        seen.replaced,
        len(query.annotations),
        len(({*before, *new} - set(taken.withdrawn)) & set(query.annotations)),
        taken.grid,
        seen.moved,
        {late.query.round: sorted(late.answers) for late in taken.late},
        list(taken.withdrawn),
        seen.lost,
    )


def check_taken(work_dir: str, read: Read, path: str, taken: Taken) -> None:
    """Refuse a file of which nothing is taken.

    Raises:
        AnswerError: Nothing is; it says why.
    """
    if taken.answers or taken.late or taken.withdrawn:
        return
    if is_closed(load_state(work_dir), read.query) and read.answers:
        raise NothingNew(
            path,
            f'answers round {read.query.round}, which is closed, and nothing of it is new',
            'Export what was labelled since',
        )
    raise nothing_labelled(read, path, len(taken.unchanged))


def document_of(query: Query, documents: List[dict]) -> dict:
    """What was accepted for a query; added to the documents where nothing was."""
    for document in documents:
        if document['round'] == query.round:
            return document
    documents.append(new_answers(query))
    return documents[-1]


def compare(
    pool: Pool, query: Query, documents: Sequence[dict], document: dict, taken: Taken
) -> Seen:
    """Compare what is taken with what was kept before.

    Args:
        pool (Pool): The pool.
        query (Query): The query.
        documents (Sequence[dict]): What was accepted in all rounds.
        document (dict): What of it answers the query.
        taken (Taken): What is added.
    """
    before, new = merged(documents if taken.late else [document]), taken.keypoints
    replaced, moves, doubts = replacements(query, latest([document]), taken.answers)
    for late in taken.late:
        more = replacements(late.query, latest(documents), late.answers)
        replaced, moves, doubts = {**replaced, **more[0]}, moves + more[1], doubts + more[2]
    gone = [(before[i][:, 2] > 0) & (new[i][:, 2] == 0) for i in sorted(new.keys() & before.keys())]
    lost = np.sum(gone, 0, int) if gone else np.zeros(len(query.joints), int)
    known = {i: k for i, k in merged(documents).items() if i not in taken.withdrawn}
    old = {i: k for i, k in before.items() if i not in taken.withdrawn}
    queries = [query, *(late.query for late in taken.late)]
    found, checked = look(pool, queries, known, old, new)
    changed = bool(taken.withdrawn) or any(
        i not in before or not np.array_equal(before[i], k) for i, k in new.items()
    )
    return Seen(
        changed,
        replaced,
        float(np.mean(moves)) if moves else 0.0,
        in_order([*taken.warnings, *doubts, *found]),
        sorted({*checked, *taken.withdrawn}),
        {name: int(number) for name, number in zip(query.joints, lost) if number},
    )


def event_of(read: Read, path: str, taken: Taken, seen: Seen) -> dict:
    """What is kept of a file of answers."""
    several = [kept_answer(answer) for answer in taken.several]
    return dict(
        file=osp.basename(path),
        time=time_now(),
        sha256=read.sha256,
        format=read.format,
        **kept_warnings(seen.warnings),
        checked=seen.checked,
        annotations=[
            *(kept_answer(answer) for answer in taken.answers.values()),
            *(
                kept_answer(answer, late.query.round)
                for late in taken.late
                for answer in late.answers.values()
            ),
            *(kept_withdrawal(number, len(read.query.joints)) for number in taken.withdrawn),
        ],
        **(dict(several=several) if several else {}),
    )


def write(
    work_dir: str, pool: Pool, query: Query, documents: Sequence[dict], changed: Optional[dict]
) -> None:
    """Write what is new of a round's answers, and the labels that follow from all of them.

    Raises:
        OSError: The disk is full or broken; it says what is kept.
    """
    answers_file = Paths(work_dir).answers(query.round)
    with saying(KEPT):
        if changed is not None:
            for folder in (work_dir, osp.dirname(answers_file)):
                remove_leftovers(folder)
            write_answers(work_dir, changed)
        sync_folder(osp.dirname(answers_file))  # also what was written by a process that is killed
    with saying('the answers are kept; the next ingest or training makes the labels from them'):
        write_labels(work_dir, pool, merged(documents))


@contextmanager
def saying(kept: str) -> Iterator[None]:
    """Add to what the system says about a disk what is kept."""
    try:
        yield
    except OSError as error:
        text = f'{error.strerror or error} ({kept})'
        raise OSError(error.errno, text, error.filename) from error


# ---- what of a file is taken -----------------------------------------------------


def take(
    read: Read,
    path: str,
    accept_unchanged: bool = False,
    told_origin: bool = False,
    annotator: Optional[str] = None,
    several: str = 'latest',
) -> Taken:
    """One answer for each person of whom somebody has labelled a joint; it may be none.

    Args:
        read (Read): What the file says.
        path (str): The file, for messages.
        accept_unchanged, annotator, several: See :func:`ingest`.
        told_origin (bool): Whether somebody has said where pixels are measured from.

    Raises:
        AnswerError: Nobody can say where its pixels are measured from, or the annotator has
            answered nothing.
    """
    query = read.query
    given = read.answers
    if not accept_unchanged:
        raw = beside_others(given, query)
        what = 'predictions that nobody has looked at, beside answers about the same person'
        for answer in raw:
            read.passed_over.setdefault(what, []).append(answer.entry)
        unseen = set(map(id, raw))
        given = [answer for answer in given if id(answer) not in unseen]
    answers, warnings = one_a_person(given, query, path, annotator, several)
    untouched = find_untouched(answers, query)
    if not told_origin:
        check_origin(untouched, path)
    unchanged, copied = [], []
    if not accept_unchanged:
        same = set(untouched.annotations)
        unchanged = [a.annotation for a in answers if a.annotation in same and not a.reviewed]
        copied = copies([a for a in answers if a.annotation not in same], query)
    what = 'unchanged copies of a person in another image (--accept-unchanged takes them)'
    for answer in copied:
        read.passed_over.setdefault(what, []).append(answer.entry)
    left_out = {*unchanged, *(answer.annotation for answer in copied)}
    chosen = {
        a.annotation: a
        for a in sorted(answers, key=lambda a: a.annotation)
        if is_labelled(a) and a.annotation not in left_out
    }
    empty = [a.annotation for a in answers if not is_labelled(a)]
    warnings = [w for w in warnings if set(w.annotations) <= set(chosen)]
    each = [a for a in told_by_several(given) if a.annotation in chosen]
    return Taken(chosen, unchanged, empty, warnings, untouched.grid, each)


def without_repeats(taken: Taken, read: Read, path: str, documents: Sequence[dict]) -> Taken:
    """What is taken, but for answers that are those of the last time and are not any more.

    Args:
        taken (Taken): What of the file is taken.
        read (Read): What the file says; what is left out is noted there.
        path (str): The file; each time it has had the same name.
        documents (Sequence[dict]): What was accepted.
    """
    of_file: Dict[int, List[float]] = {}
    last: Dict[int, List[float]] = {}
    for event, entry in entries_of(documents):
        last[entry['id']] = entry['keypoints']
        if event['file'] == osp.basename(path):
            of_file[entry['id']] = entry['keypoints']
    old = {
        number: answer
        for number, answer in taken.answers.items()
        if of_file.get(number) == answer.keypoints.ravel().tolist() != last[number]
    }
    what = 'answers of before, which were withdrawn or replaced since'
    for answer in old.values():
        read.passed_over.setdefault(what, []).append(answer.entry)
    kept = {number: answer for number, answer in taken.answers.items() if number not in old}
    return taken._replace(
        answers=kept,
        warnings=[w for w in taken.warnings if set(w.annotations) <= set(kept)],
        several=[each for each in taken.several if each.annotation in kept],
    )


def withdrawn(
    read: Read, taken: Taken, path: str, documents: Sequence[dict], begun_from: Collection[int]
) -> List[int]:
    """Persons who lose their labels, since they came back without any joint.

    Args:
        read (Read): What the file says.
        taken (Taken): What of it is taken.
        path (str): The file; each time it has had the same name.
        documents (Sequence[dict]): What was accepted.
        begun_from (Collection[int]): See :func:`ingest`.
    """
    said = {answer.annotation: moment(answer.at) for answer in read.answers}
    last = {entry['id']: (event, entry) for event, entry in entries_of(documents)}
    found = []
    for number in taken.empty:
        if number not in last:
            lost = number in begun_from
        else:
            event, entry = last[number]
            accepted, mine = moment(event.get('time')), said.get(number)
            older = accepted is not None and mine is not None and mine < accepted
            lost = any(entry['keypoints'][2::3]) and (
                event['file'] == osp.basename(path) or not older
            )
        if lost:
            found.append(number)
    return sorted(found)


def nothing_labelled(read: Read, path: str, unchanged: int) -> NothingNew:
    """Why no joint of a file is a label, and what to do."""
    why = [f'{len(entries)} passed over: {what}' for what, entries in read.passed_over.items()]
    empty = sum(not is_labelled(answer) for answer in read.answers)
    if empty:
        why.append(f'{empty} persons have no joint with v > 0')
    if not read.answers:
        why.append('no person of the query is in it')
    if unchanged:
        why.append(
            f'{unchanged} persons came back exactly as they were filled in; '
            'if somebody looked at them, give --accept-unchanged'
        )
    text = f'labels no joint of query {read.query.id}' + (f' ({"; ".join(why)})' if why else '')
    return NothingNew(path, text, 'Label something and export again')


# ---- what is worth another look ----------------------------------------------------


def replacements(
    query: Query, before: Dict[int, dict], new: Dict[int, Answer]
) -> Tuple[Dict[int, float], List[float], List[LabelWarning]]:
    """Persons who had other labels before, and a warning where those were somebody else's.

    Args:
        query (Query): The query.
        before (dict): Annotation id -> entry that was kept.
        new (dict): Annotation id -> answer.

    Returns:
        tuple: Annotation id -> how far the joint moved that moved most, pixels; how far each
        joint moved; and the warnings.
    """
    replaced: Dict[int, float] = {}
    moves: List[float] = []
    warnings = []
    for number, answer in new.items():
        if number not in before:
            continue
        entry = before[number]
        old = np.reshape(entry['keypoints'], (-1, 3))
        if np.array_equal(old, answer.keypoints):
            continue
        both = (old[:, 2] > 0) & (answer.keypoints[:, 2] > 0)
        moved = np.linalg.norm(old[:, :2] - answer.keypoints[:, :2], axis=1)[both]
        replaced[number] = float(moved.max(initial=0.0))
        moves += moved.tolist()
        mean = float(moved.mean()) if len(moved) else 0.0
        if entry.get('by') is not None and entry['by'] != answer.by:
            warnings.append(
                LabelWarning(
                    'replaced',
                    f'{place(query, query.annotations[number])}: {answer.by or "this file"} '
                    f'replaces the answer of {entry["by"]}, {mean:.1f} px '
                    f'away in the mean, up to {replaced[number]:.1f} px',
                    [number],
                    (),
                    replaced[number],
                )
            )
    return replaced, moves, warnings


def look(
    pool: Pool,
    queries: Sequence[Query],
    known: Dict[int, np.ndarray],
    before: Dict[int, np.ndarray],
    new: Dict[int, np.ndarray],
) -> Tuple[List[LabelWarning], List[int]]:
    """What is worth another look of new answers, and of the other views of whom they show.

    Args:
        pool (Pool): The pool.
        queries (Sequence[Query]): Those that they answer.
        known (dict): Annotation id -> (K, 3): all labels of the experiment until now.
        before (dict): Those of the query.
        new (dict): What is added.

    Returns:
        tuple: The warnings, and whom they were looked for.
    """
    boxes = {a['id']: a['bbox'] for a in pool.data['annotations']}
    single = [
        warning
        for query in queries
        for warning in single_view_warnings(persons_of(query, new), {**known, **new}, boxes)
    ]
    if not pool.data['cameras']:
        return single, sorted(new)
    from .consistency import rig_warnings  # imports torch

    return rig_warnings(pool, {**before, **new}, set(new), queries[0].joints, single)


def check_open(work_dir: str, query: Query, path: str) -> None:
    """Refuse the answers to a query that the experiment has gone on from.

    Raises:
        AnswerError: The query is closed.
    """
    state = load_state(work_dir)
    if is_closed(state, query):
        last = load_queries(work_dir)[-1]
        remedy = (
            f'No query is open; go on with\n    {train_command(work_dir)}'
            if is_closed(state, last)
            else f'Answer the query of round {last.round}'
        )
        raise AnswerError(
            f'{path}: answers query {query.id} of round {query.round}, which is '
            'closed: the experiment has trained on its answers, and what had none is '
            f'back in the pool. {remedy}'
        )


def check_kept(
    work_dir: str, pool: Pool, documents: Sequence[dict], new: Iterable[int] = ()
) -> None:
    """Refuse to write labels where answers of people are gone, see :func:`check_none_lost`."""
    state = load_state(work_dir)
    if state is not None:
        unit_of = instance_units(pool.data, pool.unit)
        check_none_lost(work_dir, state.labeled_by('FileAnnotator'), documents, unit_of, new)


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
