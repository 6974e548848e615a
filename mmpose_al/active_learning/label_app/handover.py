"""What was labelled goes to the experiment through the door of all answers: ``ingest``."""

from collections import Counter
from typing import Any, Collection, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ...fileio import write_json
from ..answers import Ingested, ingest
from ..answers.kept import latest, load_all_answers
from ..formats import NothingNew
from ..formats.coco import coco_query
from ..paths import Paths
from ..query import Query
from .progress import UnitProgress, labels_of
from .tasks import Task


class Handed(NamedTuple):
    """What became of the labels.

    Attributes:
        taken (Ingested): As of any file of answers; None where nothing is labelled.
        open (list[int]): Units that nobody has begun.
        begun (list[int]): Units with labels that nobody called done.
        empty (list[int]): Units that are done without a label.
        reasons (dict): Annotation id -> why it cannot be labelled.
    """

    taken: Optional[Ingested]
    open: List[int]
    begun: List[int]
    empty: List[int]
    reasons: Dict[int, str]


def hand_over(
    folder: str,
    query: Query,
    tasks: Sequence[Task],
    progress: Dict[int, UnitProgress],
    begun: bool = False,
    dry_run: bool = False,
) -> Handed:
    """Write the labels as a file of answers and ingest it.

    Args:
        folder (str): Of the experiment.
        query (Query): What is answered.
        tasks (Sequence[Task]): Its units.
        progress (dict): Unit -> what was done to it.
        begun (bool): Whether units that nobody called done are given too.
        dry_run (bool): Only say what would come of it.

    Raises:
        AnswerError: The labels are refused.
    """
    labels = {task.unit: labels_of(task, progress[task.unit], query) for task in tasks}
    half = [u for u, given in labels.items() if given and not progress[u].done]
    given = {
        number: keypoints
        for unit, persons in labels.items()
        if progress[unit].done or begun
        for number, keypoints in persons.items()
    }
    taken = None
    back = _taken_back(query, progress)
    begun_from = {number for each in progress.values() for number in each.begun_from}
    if given or set(back) & (begun_from | set(latest(load_all_answers(folder)))):
        path = Paths(folder).label_answers(query.round)
        document = answers_document(query, {**back, **given}, progress)
        write_json(path, document, indent=None)
        taken = _taken(folder, path, dry_run, begun_from, bool(given))
    return Handed(
        taken,
        [u for u, persons in labels.items() if not persons and not progress[u].done],
        half,
        [u for u, persons in labels.items() if not persons and progress[u].done],
        {a: r for p in progress.values() for a, r in _reasons(p).items()},
    )


def _taken(
    folder: str, path: str, dry_run: bool, begun_from: Collection[int], given: bool
) -> Optional[Ingested]:
    """See ``ingest``; None where a file without labels says nothing that is new."""
    rules: Dict[str, Any] = dict(dry_run=dry_run, withdraw=True, repeats=False)
    try:
        return ingest(folder, path, 'coco', begun_from=begun_from, **rules)
    except NothingNew:
        if given:
            raise
        return None


def _taken_back(query: Query, progress: Dict[int, UnitProgress]) -> Dict[int, np.ndarray]:
    """Persons of whom somebody said something that is no label: they have none, or no more."""
    nothing = np.zeros((len(query.joints), 3))
    return {a: nothing for each in progress.values() if each.done for a in each.times}


def _reasons(progress: UnitProgress) -> Dict[int, str]:
    return {a: value for (a, k), value in progress.cells.items() if k < 0}


def answers_document(
    query: Query, given: Dict[int, np.ndarray], progress: Dict[int, UnitProgress]
) -> dict:
    """Labels as COCO keypoints with the query's note; each says who gave it, and when.

    The seconds of those who said something are shared out among the labels of a unit.
    """
    document = coco_query(query)
    answered = Counter(
        query.annotations[number]['unit'] for number, joints in given.items() if joints.any()
    )
    annotations = []
    for entry in document['annotations']:
        keypoints = given.get(entry['id'])
        if keypoints is not None:
            unit = query.annotations[entry['id']]['unit']
            work = progress[unit]
            spent = sum(work.seconds.get(who, 0.0) for who in work.hands or work.seconds)
            seconds = spent / answered[unit] if keypoints.any() else 0.0
            note = dict(
                reviewed=True,
                by=work.owner,
                at=work.times.get(entry['id'], work.at),
                seconds=round(seconds, 3),
            )
            annotations.append(
                dict(
                    entry,
                    keypoints=keypoints.ravel().tolist(),
                    num_keypoints=int((keypoints[:, 2] > 0).sum()),
                    attributes=dict(entry['attributes'], **note),
                )
            )
    return dict(document, annotations=annotations)
