"""What was labelled goes to the experiment through the door of all answers: ``ingest``."""

from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ...fileio import write_json
from ..answers import Ingested, ingest, load_answers, merged
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
    if given or set(back) & set(merged([load_answers(folder, query.round) or dict(events=[])])):
        path = Paths(folder).label_answers(query.round)
        document = answers_document(query, {**back, **given}, progress)
        write_json(path, document, indent=None)
        taken = ingest(folder, path, 'coco', dry_run=dry_run, withdraw=True, repeats=False)
    return Handed(
        taken,
        [u for u, persons in labels.items() if not persons and not progress[u].done],
        half,
        [u for u, persons in labels.items() if not persons and progress[u].done],
        {a: r for p in progress.values() for a, r in _reasons(p).items()},
    )


def _taken_back(query: Query, progress: Dict[int, UnitProgress]) -> Dict[int, np.ndarray]:
    """Persons of whom somebody said something that is no label: they have none, or no more."""
    nothing = np.zeros((len(query.joints), 3))
    return {a: nothing for each in progress.values() if each.done for a, _ in each.cells}


def _reasons(progress: UnitProgress) -> Dict[int, str]:
    return {a: value for (a, k), value in progress.cells.items() if k < 0}


def answers_document(
    query: Query, given: Dict[int, np.ndarray], progress: Dict[int, UnitProgress]
) -> dict:
    """Labels as COCO keypoints with the query's note; each says who gave it, and when.

    The seconds of a unit are shared out among its answers.
    """
    document = coco_query(query)
    answered = Counter(query.annotations[number]['unit'] for number in given)
    annotations = []
    for entry in document['annotations']:
        keypoints = given.get(entry['id'])
        if keypoints is not None:
            unit = query.annotations[entry['id']]['unit']
            work = progress[unit]
            seconds = sum(work.seconds.values()) / answered[unit]
            note = dict(reviewed=True, by=work.owner, at=work.at, seconds=round(seconds, 3))
            annotations.append(
                dict(
                    entry,
                    keypoints=keypoints.ravel().tolist(),
                    num_keypoints=int((keypoints[:, 2] > 0).sum()),
                    attributes=dict(entry['attributes'], **note),
                )
            )
    return dict(document, annotations=annotations)
