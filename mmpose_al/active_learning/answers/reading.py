"""A file of answers: its format, the query that it answers, what it says about whom."""

from typing import Any, Dict, List, NamedTuple, NoReturn, Optional, Sequence

import numpy as np

from ...fileio import short
from ..formats import (
    AnnotationFormat,
    Answer,
    AnswerError,
    Document,
    Faults,
    build_format,
    build_formats,
    check_joint,
    format_names,
    import_formats,
    named_format,
)
from ..formats.other_tools import describe_other
from ..query import Query


class Read(NamedTuple):
    """What a file says.

    Attributes:
        query (Query): What it answers.
        answers (list[Answer]): One a person that it has, labelled or not; several where
            it says who gave each.
        format (str): How it was read.
        sha256 (str): Of its bytes.
        passed_over (dict): What no answer is made of, and why -> its places in the file.
        earlier (Sequence[Read]): What it says about queries before this one, the latest first.
            Those with faults are left out.
    """

    query: Query
    answers: List[Answer]
    format: str
    sha256: str
    passed_over: Dict[str, List[str]]
    earlier: Sequence[Any] = ()


def read_answers(
    path: str,
    queries: Sequence[Query],
    format: Optional[str] = None,
    options: Optional[dict] = None,
    work_dir: Optional[str] = None,
) -> Read:
    """Read and check a file of answers.

    Args:
        path (str): The file.
        queries (Sequence[Query]): Of the experiment, by round.
        format (str, optional): Name of the format; None: told from the content.
        options (dict, optional): Of the format.
        work_dir (str, optional): Of the experiment, whose config may import formats.

    Raises:
        AnswerError: Anything is wrong with it.
        ValueError: There is no such format or option.
    """
    chosen = None if format is None else named_format(format, options, work_dir)
    with Document(path) as document:
        kind = recognise(document, chosen, options, work_dir)
        build_format(kind.name, **(options or {}))  # raises for those of other formats
        query = answered_query(document, kind, queries)
        answers = kind.parse(document, query, document.faults)
        answers = check_answers(answers, query, document.faults)
        document.faults.check()
        earlier = read_earlier(document, kind, queries, query)
    passed_over = without_earlier(document.faults.passed_over, kind.others, earlier)
    return Read(query, answers, kind.name, document.sha256, passed_over, earlier)


def read_earlier(
    document: Document, kind: AnnotationFormat, queries: Sequence[Query], query: Query
) -> List[Read]:
    """What a file says about queries before the one that it answers, the latest first."""
    ids, found = set(kind.query_ids(document)), []
    for each in sorted(queries, key=lambda q: -q.round):
        if each.id in ids and each.round < query.round:
            faults = Faults(document.path)
            answers = check_answers(kind.parse(document, each, faults), each, faults)
            if faults.found:
                what = f'answers of round {each.round}, none of which is taken: {faults.found[0]}'
                for fault in faults.found:
                    document.faults.pass_over(fault, what)
            else:
                found.append(Read(each, answers, kind.name, document.sha256, faults.passed_over))
    return found


def without_earlier(
    passed_over: Dict[str, List[str]], others: str, earlier: Sequence[Read]
) -> Dict[str, List[str]]:
    """What was passed over, but for what belongs to an earlier query of the experiment.

    Args:
        passed_over (dict): Why -> places, of the query that the file answers.
        others (str): Why something is passed over that belongs to other queries.
        earlier (Sequence[Read]): What the file says about earlier queries.
    """
    foreign = passed_over.get(others, [])
    for read in earlier:
        elsewhere = set(read.passed_over.get(others, ()))
        foreign = [entry for entry in foreign if entry in elsewhere]
    found = {what: foreign if what == others else places for what, places in passed_over.items()}
    return {what: places for what, places in found.items() if places}


def recognise(
    document: Document,
    chosen: Optional[AnnotationFormat] = None,
    options: Optional[dict] = None,
    work_dir: Optional[str] = None,
) -> AnnotationFormat:
    """The format of a file, told from its content.

    Args:
        document (Document): The file.
        chosen (AnnotationFormat, optional): What somebody says it is; it is held to.
        options, work_dir: See :func:`read_answers`.

    Raises:
        AnswerError: No format recognises it, or another one than it should be.
    """
    if chosen is not None and chosen.recognise(document):
        return chosen
    formats = build_formats(options if chosen is None else None, work_dir)
    found = next((each for each in formats if each.recognise(document)), None)
    if found is None and work_dir:
        import_formats(work_dir)
        if len(format_names()) > len(formats):
            return recognise(document, chosen, options)
    if found is None:
        _unrecognised(document, formats)
    if chosen is not None:
        what = f'{found.name} (in a zip archive)' if document.is_archive else found.name
        remedy = 'leave --format out, or give the other file'
        document.faults.fail('file', 'content', f'is {what}, not {chosen.name}', remedy)
    return found


def _unrecognised(document: Document, formats: Sequence[AnnotationFormat]) -> NoReturn:
    """Say what a file is instead of an answer, as far as a format knows."""
    for each in formats:
        mistaken = each.mistaken(document)
        if mistaken is not None:
            document.faults.fail(*mistaken)
    looks = [each.looks for each in formats if each.looks]
    other = describe_other(document)
    if other is not None:
        problem, remedy = other
        document.faults.fail('file', 'content', problem, f'{remedy}. Taken is {" or ".join(looks)}')
    if document.why_not_json is not None:
        raise AnswerError(f'{document.why_not_json} What is taken is {" or ".join(looks)}.')
    problem = f'is neither {" nor ".join(looks)}'
    remedy = 'export in one of these formats (docs/annotators.md)'
    document.faults.fail('file', 'content', problem, remedy)


def answered_query(document: Document, kind: AnnotationFormat, queries: Sequence[Query]) -> Query:
    """The query that a file answers; of several the latest.

    Raises:
        AnswerError: It is none of these.
    """
    ids, known = kind.query_ids(document), {query.id: query for query in queries}
    fail, (entry, field) = document.faults.fail, kind.query_field
    here = [i for i in ids if i in known]
    if here:  # a project of the tool may have all rounds; only the last one can be open
        return max((known[i] for i in here), key=lambda query: query.round)
    last = queries[-1]
    if last.content['image_files'] == 'none':  # names of images may begin with a time
        ids = [i for i in ids if not i.isdecimal()]
    if ids:
        problem = f'{short(ids[0])} is no query of this experiment, whose last one is {last.id}'
        fail(entry, field, problem, "this is another project's export; ingest it there")
    # No trace of a query: images keep their own names with images='none'.
    if last.content['image_files'] != 'none':
        problem = f'is missing, and no image has the name of one of query {last.id}'
        fail(entry, field, problem, "this is another project's export, or the images were renamed")
    return last


def check_answers(answers: Sequence[Answer], query: Query, faults: Faults) -> List[Answer]:
    """Hold what a format has parsed to the query.

    Args:
        answers (Sequence[Answer]): Of one file.
        query (Query): What it answers.
        faults (Faults): Where faults go.

    Returns:
        list[Answer]: The answers that are right, with float64 keypoints (K, 3).
    """
    seen: Dict[int, Answer] = {}
    right = []
    for answer in answers:
        number = answer.annotation
        first = seen.setdefault(number, answer) if number in query.annotations else answer
        if number not in query.annotations:
            problem = f'{short(number)} is no annotation of query {query.id}'
            faults.add(answer.entry, 'id', problem, 'persons cannot be added')
        elif first is not answer and _is_same(first, answer):
            continue
        elif first is not answer and not _may_be_two(first, answer):
            problem = (
                f'answers annotation {number} of the query, as {first.entry.split(" (")[0]} does'
            )
            faults.add(answer.entry, 'id', problem, 'keep one of them')
        else:
            keypoints = _checked(answer, query, faults)
            if keypoints is not None:
                right.append(answer._replace(annotation=int(number), keypoints=keypoints))
    return right


def _is_same(first: Answer, second: Answer) -> bool:
    """Whether an export has an answer twice: by one person, with the same joints."""
    if first.by is None or first.by != second.by or first.at != second.at:
        return False
    return np.array_equal(first.keypoints, second.keypoints)


def _may_be_two(first: Answer, second: Answer) -> bool:
    """Whether a person may have both answers: of two people, or a later one of somebody."""
    if first.by is None or second.by is None:
        return False
    return first.by != second.by or (first.at is not None and second.at is not None)


def _checked(answer: Answer, query: Query, faults: Faults) -> Optional[np.ndarray]:
    """The joints of an answer, float64 (K, 3); None for a fault."""
    image, num = query.images[query.annotations[answer.annotation]['image_id']], len(query.joints)
    try:
        rows = np.asarray(answer.keypoints, np.float64)
    except (TypeError, ValueError):
        rows = np.zeros(0)
    if rows.shape != (num, 3):
        problem = f'is {short(answer.keypoints)}, not [x, y, v] for each of {num} joints'
        return faults.add(answer.entry, 'keypoints', problem, 'correct the format that parsed it')
    size = (image['width'], image['height'])
    found = [
        check_joint(faults, answer.entry, 'keypoints', name, row, size)
        for name, row in zip(query.joints, rows.tolist())
    ]
    return None if None in found else np.array(found)
