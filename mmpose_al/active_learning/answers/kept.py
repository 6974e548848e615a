"""What was accepted, and is kept for ever.

``answers/round_XX.json`` is what was accepted for a round's query, a journal with one event a
file that was ingested (:mod:`mmpose_al.journal`); events are only ever added. Versions before
2 wrote one JSON object; it is read, too.

An event names the file and the ``time`` at which it was accepted, and holds for each person the
keypoints and what the tool said: ``by`` whom, ``at`` what time, in how many ``seconds``. Its
``warnings`` are about the persons that it ``checked``. Where several people answered about a
person, ``several`` has the answer of each; the one that counts is among the ``annotations``.
"""

import os.path as osp
from datetime import datetime, timezone
from typing import (
    TYPE_CHECKING,
    Any,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import numpy as np

from ... import fileio
from ...command_line import command_line
from ...journal import is_journal, line_of, parse
from ..paths import Paths
from ..pool import Pool
from ..query import Query

if TYPE_CHECKING:
    from ..formats import Answer

ANSWERS_FORMAT, ANSWERS_VERSION = 'mmpose_al-answers', 2
ABOUT = ('by', 'at', 'seconds')  # of an answer, where the tool says it
WITHDRAWN = 'withdrawn'  # instead of a format, where labels are taken back


def new_answers(query: Query) -> dict:
    """What a round's file holds before anything was accepted."""
    return dict(
        format=ANSWERS_FORMAT, version=ANSWERS_VERSION, query=query.id, round=query.round, events=[]
    )


def time_now() -> str:
    """The time, as ISO 8601 writes it."""
    return datetime.now(timezone.utc).isoformat(timespec='milliseconds')


def kept_answer(answer: 'Answer', late: Optional[int] = None) -> Dict[str, Any]:
    """An answer as an event holds it; ``late``: the closed round whose query it answers."""
    told = {name: getattr(answer, name) for name in ABOUT if getattr(answer, name) is not None}
    if late is not None:
        told['late'] = late
    return dict(id=answer.annotation, keypoints=answer.keypoints.ravel().tolist(), **told)


def kept_withdrawal(annotation: int, joints: int) -> Dict[str, Any]:
    """As an event holds that a person's labels are taken back: no joint has one."""
    return dict(id=annotation, keypoints=[0.0] * (3 * joints))


def pool_answers(pool: Pool, units: Sequence[int]) -> dict:
    """What round 0's file holds where the pool's own labels of some units start it."""
    labels = pool.labels(units)
    event = dict(
        file=osp.basename(pool.path),
        sha256=pool.sha256,
        format='pool',
        warnings=[],
        annotations=[dict(id=i, keypoints=k.ravel().tolist()) for i, k in labels.items()],
    )
    return dict(format=ANSWERS_FORMAT, version=ANSWERS_VERSION, query=None, round=0, events=[event])


def load_answers(work_dir: str, round: int) -> Optional[dict]:
    """What was accepted for a round; None without.

    Raises:
        ValueError: The file cannot be read.
    """
    path = Paths(work_dir).answers(round)
    if not osp.exists(path):
        return None
    try:
        document = _document(fileio.read_checked(path, fileio.JSON_LIMIT), path)
        if document['format'] != ANSWERS_FORMAT or document['version'] not in (1, ANSWERS_VERSION):
            raise ValueError('another format or version')
        if document['round'] != round:
            raise ValueError(f'they are of round {fileio.short(document["round"])}')
        check_answers(document)
        return document
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        doctor = command_line('doctor', work_dir)
        raise ValueError(
            f'{path} holds no answers of mmpose_al ({error}); put the file back. `{doctor}` shows '
            'what of it is whole'
        ) from error


def _document(raw: bytes, path: str) -> dict:
    if not is_journal(raw):
        document = fileio.parse_json(raw, path)
        if document['version'] == ANSWERS_VERSION:
            raise ValueError('its lines have lost their checksums')
        return document
    entries = parse(raw, path)
    return dict(entries[0], events=entries[1:])


def check_answers(document: dict) -> None:
    """Raise ValueError for an entry that was never written so."""
    for number, event in enumerate(document['events']):
        for entry in (*event['annotations'], *event.get('several', ())):
            points = entry['keypoints']
            if not fileio.is_int(entry['id']):
                raise ValueError(f'events[{number}]: id {fileio.short(entry["id"])} is no number')
            if len(points) % 3 or not fileio.are_numbers(points, len(points)):
                raise ValueError(
                    f'events[{number}], annotation {entry["id"]}: keypoints are '
                    f'{fileio.short(points)}, not finite x, y, v'
                )


def write_answers(work_dir: str, document: dict) -> None:
    """Write what was accepted for a round, atomically, with its checksum."""
    head = {key: value for key, value in document.items() if key != 'events'}
    lines = [line_of(dict(head, version=ANSWERS_VERSION)), *map(line_of, document['events'])]
    fileio.write_checked(Paths(work_dir).answers(document['round']), b''.join(lines))


def load_all_answers(work_dir: str) -> List[dict]:
    """What was accepted, by round."""
    documents = (load_answers(work_dir, number) for number in Paths(work_dir).answer_rounds())
    return [document for document in documents if document is not None]


def entries_of(documents: Sequence[dict]) -> Iterator[Tuple[dict, dict]]:
    """Event and entry of all that was ever accepted about a person, oldest first."""
    for document in documents:
        for event in document['events']:
            for entry in event['annotations']:
                yield event, entry


def all_poses(documents: Sequence[dict]) -> Dict[int, List[np.ndarray]]:
    """Annotation id -> keypoints (3 K, ) of all that was ever accepted, oldest first."""
    found: Dict[int, List[np.ndarray]] = {}
    for _, entry in entries_of(documents):
        found.setdefault(entry['id'], []).append(np.asarray(entry['keypoints'], np.float64))
    return found


def latest(documents: Sequence[dict]) -> Dict[int, dict]:
    """Annotation id -> its entry; what came later counts. Who was withdrawn is left out."""
    found = {entry['id']: entry for _, entry in entries_of(documents)}
    return {number: entry for number, entry in found.items() if any(entry['keypoints'][2::3])}


def merged(documents: Sequence[dict]) -> Dict[int, np.ndarray]:
    """Annotation id -> keypoints (K, 3); see :func:`latest`."""
    return {
        number: np.asarray(entry['keypoints'], np.float64).reshape(-1, 3)
        for number, entry in latest(documents).items()
    }


def taken_back(documents: Sequence[dict]) -> Set[int]:
    """Annotation ids of whom nothing is a label any more."""
    return {entry['id'] for _, entry in entries_of(documents)} - set(latest(documents))


def given_units(documents: Sequence[dict], unit_of: Mapping[int, Any]) -> Set[Any]:
    """Units of the pool about which anything was ever accepted.

    Args:
        documents (Sequence[dict]): What was accepted.
        unit_of (Mapping): Annotation id -> unit.
    """
    return {unit_of.get(entry['id']) for _, entry in entries_of(documents)}


def check_none_lost(
    work_dir: str,
    labeled: Sequence[int],
    documents: Sequence[dict],
    unit_of: Mapping[int, Any],
    new: Iterable[int] = (),
) -> None:
    """Refuse to go on where answers that an experiment trained on are not there any more.

    Args:
        work_dir (str): Of the experiment.
        labeled (Sequence[int]): Units that its state calls labelled by people.
        documents, unit_of: See :func:`given_units`.
        new (Iterable[int]): Annotations that are answered now.

    Raises:
        FileError: Some are gone.
    """
    given = given_units(documents, unit_of) | {unit_of.get(number) for number in new}
    lost = sorted(set(labeled) - given)
    if lost:
        folder = osp.dirname(Paths(work_dir).answers(0))
        raise fileio.FileError(
            f'{folder}: the answers about {len(lost)} units are gone that the experiment has '
            f'labels of, the first are {lost[:5]}. Put the files of this folder back, or ingest a '
            'file with all of these answers again'
        )


def answered_units(query: Query, annotations: Iterable[int]) -> List[int]:
    """Units of a query with an answered person, in the query's order; others are left out."""
    units = {query.annotations[i]['unit'] for i in annotations if i in query.annotations}
    return [unit for unit in query.units if unit in units]


def locked(work_dir: str) -> ContextManager:
    """No other process takes answers, or closes their round, at the same time."""
    return fileio.locked(Paths(work_dir).lock)
