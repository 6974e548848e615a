"""What people did with the queries of an experiment, as numbers.

What the pool's own file started with is no work of people, and left out everywhere.
"""

import os.path as osp
from collections import Counter
from itertools import combinations
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..answers.kept import load_answers
from ..answers.label_warnings import CLICK, LabelWarning, person_size, read_warnings
from ..experiment import Missing
from ..label_app.journal import Journal
from ..query import Query, load_queries
from .experiment import ReportedExperiment

FIRST_LABELS = 'first labels'  # in the place of a strategy
NOT_SAID = 'not said'  # in the place of a name
#: Edges of the confidences that are looked at together; what is beyond is in the last one.
CONFIDENCES = tuple(np.arange(11) / 10)


class Asked(NamedTuple):
    """A query, and what came of it.

    Attributes:
        query (Query): What was asked.
        strategy (str): Who picked its units.
        events (list[dict]): What was ingested, see :mod:`~..answers.kept`.
        closed (bool): Whether the experiment has gone on from it.
        journal (list[dict]): Events of the annotator in the browser.
        own (str): Name of the file of answers that it hands over.
    """

    query: Query
    strategy: str
    events: List[dict]
    closed: bool
    journal: List[dict]
    own: str

    @property
    def warnings(self) -> List[LabelWarning]:
        """What of the answers is worth another look still."""
        return read_warnings(self.events)


class PersonAnswer(NamedTuple):
    """The answer that counts for one person in one image.

    Attributes:
        round, unit, annotation (int): Whom it is about.
        keypoints (ndarray): x, y, v, (K, 3).
        prediction (ndarray, optional): x, y, confidence, (K, 3); zeros where there is none.
        size (float): Longer side of the box, pixels.
        by (str): Who gave it.
        at (str, optional): When.
        seconds (float): How long it took; NaN where the tool does not say.
    """

    round: int
    unit: int
    annotation: int
    keypoints: np.ndarray
    prediction: Optional[np.ndarray]
    size: float
    by: str
    at: Optional[str]
    seconds: float


class Moves(NamedTuple):
    """How far people put joints from where they were predicted; all are (M, ).

    Attributes:
        answer (ndarray): Index of the answer.
        joint (ndarray): Index of the joint.
        confidence (ndarray): Of the prediction.
        pixels (ndarray): The distance.
        share (ndarray): The distance as a share of the person's size.
    """

    answer: np.ndarray
    joint: np.ndarray
    confidence: np.ndarray
    pixels: np.ndarray
    share: np.ndarray

    def only(self, rows: np.ndarray) -> 'Moves':
        """Some of them, by a mask (M, )."""
        return Moves(*(values[rows] for values in self))


class Distances(NamedTuple):
    """Some distances in short.

    Attributes:
        num (int): How many.
        median, most (float): Pixels: half and nine tenths of them are at most so large.
        far (float): Share of those beyond :data:`CLICK` of the person's size, 0 to 1.
    """

    num: int
    median: float
    most: float
    far: float


def asked_of(experiment: ReportedExperiment) -> List[Asked]:
    """All queries of an experiment, by round.

    Raises:
        Missing: It has none.
        ValueError: One, its answers or its journal cannot be read.
    """
    folder, found = experiment.folder, []
    picked_by = {row.round + 1: row.strategy for row in experiment.rows if row.picked}
    for query in load_queries(folder):
        document = load_answers(folder, query.round)
        events = [] if document is None else document['events']
        path = experiment.paths.label_journal(query.round)
        found.append(
            Asked(
                query,
                picked_by.get(query.round, FIRST_LABELS),
                [event for event in events if event.get('format') != 'pool'],
                experiment.state.stage(query.round, 'annotate') is not None,
                Journal(path, query).events,
                osp.basename(experiment.paths.label_answers(query.round)),
            )
        )
    if not found:
        raise Missing('nobody was asked: the experiment has no query')
    return found


def answers_of(asked: Asked) -> List[PersonAnswer]:
    """The labelled answers to a query that count, by id."""
    last = {entry['id']: entry for event in asked.events for entry in event['annotations']}
    known = sorted(set(last) & set(asked.query.annotations))  # others came late
    made = (_answer(asked.query, last[number]) for number in known)
    return [answer for answer in made if (answer.keypoints[:, 2] > 0).any()]


def opinions_of(asked: Asked) -> List[PersonAnswer]:
    """All answers to a query, also those that do not count.

    Of what one person said of another several times, the last.
    """
    last: Dict[tuple, dict] = {}
    for event in asked.events:
        several = event.get('several', ())
        ids = {entry['id'] for entry in several}
        alone = (entry for entry in event['annotations'] if entry['id'] not in ids)
        for entry in (*several, *alone):
            last[entry['id'], entry.get('by')] = entry
    known = asked.query.annotations
    return [_answer(asked.query, entry) for entry in last.values() if entry['id'] in known]


def _answer(query: Query, entry: dict) -> PersonAnswer:
    asked = query.annotations[entry['id']]
    prediction = asked['prediction']
    seconds = entry.get('seconds')
    return PersonAnswer(
        query.round,
        asked['unit'],
        entry['id'],
        np.asarray(entry['keypoints'], np.float64).reshape(-1, 3),
        None if prediction is None else np.asarray(prediction, np.float64).reshape(-1, 3),
        person_size(asked['bbox']),
        entry.get('by') or NOT_SAID,
        entry.get('at'),
        float('nan') if seconds is None else float(seconds),
    )


# ---- how much was answered, and in what time -------------------------------------------


def units_of(answers: Iterable[PersonAnswer]) -> List[Tuple[int, int]]:
    """(round, unit) of all answers, each once, in order."""
    return sorted({(answer.round, answer.unit) for answer in answers})


def times(asked: Asked) -> Dict[str, List[float]]:
    """Seconds that each person needed for each unit with an answer, in order.

    The annotator in the browser has measured them for all who looked at a unit. Of other
    tools they are the sum over its persons and images; what says no time is left out.
    """
    answered = {answer.unit for answer in answers_of(asked)}
    sums: Dict[Tuple[str, int], float] = {}
    for event in asked.journal:
        if event.get('seconds') and event['unit'] in answered:
            key = event['who'], event['unit']
            sums[key] = sums.get(key, 0.0) + event['seconds']
    others = [event for event in asked.events if not (asked.journal and event['file'] == asked.own)]
    for told in sorted(opinions_of(asked._replace(events=others)), key=lambda a: a.at or ''):
        if np.isfinite(told.seconds) and told.unit in answered:
            key = told.by, told.unit
            sums[key] = sums.get(key, 0.0) + told.seconds
    found: Dict[str, List[float]] = {}
    for (name, _), seconds in sums.items():
        found.setdefault(name, []).append(seconds)
    return found


def ways(journal: Iterable[dict]) -> Counter:
    """How often people did what in the browser: click, drag, accept, undo ..."""
    return Counter(
        event['how'] if event['op'] == 'set' else event['op']
        for event in journal
        if event['op'] not in ('time', 'take', 'done')
    )


# ---- how far predictions were moved ------------------------------------------------------


def moves(answers: Sequence[PersonAnswer]) -> Moves:
    """How far each joint was put from its prediction, where there are both."""
    rows = []
    for index, answer in enumerate(answers):
        if answer.prediction is None:
            continue
        both = answer.prediction.any(1) & (answer.keypoints[:, 2] > 0)
        apart = np.linalg.norm(answer.keypoints[:, :2] - answer.prediction[:, :2], axis=1)
        rows += [
            (index, joint, answer.prediction[joint, 2], apart[joint], apart[joint] / answer.size)
            for joint in np.flatnonzero(both).tolist()
        ]
    table = np.array(rows, np.float64).reshape(-1, 5)
    return Moves(table[:, 0].astype(int), table[:, 1].astype(int), *table[:, 2:].T)


def in_short(pixels: np.ndarray, share: np.ndarray) -> Distances:
    """See :class:`Distances`; NaN of none."""
    if not len(pixels):
        return Distances(0, float('nan'), float('nan'), float('nan'))
    median, most = np.percentile(pixels, [50, 90])
    return Distances(len(pixels), float(median), float(most), float((share > CLICK).mean()))


def by_joint(found: Moves, num: int) -> List[Distances]:
    """Of each of the joints."""
    mine = (found.only(found.joint == joint) for joint in range(num))
    return [in_short(each.pixels, each.share) for each in mine]


def by_confidence(
    found: Moves, edges: Sequence[float] = CONFIDENCES
) -> List[Tuple[float, float, Distances]]:
    """Lower edge, upper edge, and the distances of the predictions between; none is empty."""
    last = len(edges) - 2
    place = np.clip(np.searchsorted(edges, found.confidence, side='right') - 1, 0, last)
    parts = ((found.only(place == index), index) for index in range(last + 1))
    return [
        (float(edges[index]), float(edges[index + 1]), in_short(each.pixels, each.share))
        for each, index in parts
        if len(each.pixels)
    ]


class Picks(NamedTuple):
    """What the picks of a strategy needed.

    Attributes:
        units (int): With a prediction and an answer.
        corrected (int): Those of them with a joint that was moved by more than
            :data:`CLICK` of the person's size.
        joints (Distances): Of all their joints.
    """

    units: int
    corrected: int
    joints: Distances


def picks(asked: Sequence[Asked]) -> Dict[Tuple[str, int], Picks]:
    """What the picks of each strategy needed, by its name and the round that labelled them.

    Queries without predictions, as the first, are left out.
    """
    found = {}
    for each in asked:
        answers = answers_of(each)
        moved = moves(answers)
        if len(moved.pixels):
            unit = np.array([answer.unit for answer in answers])[moved.answer]
            far = moved.share > CLICK
            found[each.strategy, each.query.round] = Picks(
                len(np.unique(unit)), len(np.unique(unit[far])), in_short(moved.pixels, moved.share)
            )
    return found


# ---- how far people agree ----------------------------------------------------------------


class Pair(NamedTuple):
    """Two people who answered about the same persons.

    Attributes:
        persons (int): In images, of whom both labelled a joint.
        joints (Distances): How far the two put the same joints apart.
        alone (int): Joints that one of the two labelled only.
    """

    persons: int
    joints: Distances
    alone: int


def agreement(opinions: Sequence[PersonAnswer]) -> Dict[Tuple[str, str], Pair]:
    """How far each two people agree, by their names."""
    of_person: Dict[Tuple[int, int], Dict[str, PersonAnswer]] = {}
    for opinion in opinions:
        if opinion.by != NOT_SAID and (opinion.keypoints[:, 2] > 0).any():
            of_person.setdefault((opinion.round, opinion.annotation), {})[opinion.by] = opinion
    apart: Dict[Tuple[str, str], List[np.ndarray]] = {}
    alone: Counter = Counter()
    for told in of_person.values():
        for names in combinations(sorted(told), 2):
            first, second = (told[name] for name in names)
            seen = np.stack([first.keypoints[:, 2] > 0, second.keypoints[:, 2] > 0])
            both = seen.all(0)
            pixels = np.linalg.norm((first.keypoints - second.keypoints)[both, :2], axis=1)
            apart.setdefault(names, []).append(np.stack([pixels, pixels / first.size]))
            alone[names] += int((seen.any(0) & ~both).sum())
    return {
        names: Pair(len(each), in_short(*np.concatenate(each, 1)), alone[names])
        for names, each in sorted(apart.items())
    }
