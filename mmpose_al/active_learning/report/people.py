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
from ..answers.late import is_closed
from ..answers.untouched import common_grid
from ..experiment import Missing
from ..label_app.journal import Journal
from ..query import Query, load_queries
from .experiment import ReportedExperiment

FIRST_LABELS = 'first labels'  # in the place of a strategy
NOT_SAID = 'not said'  # in the place of a name
#: Edges of the confidences that are looked at together; what is beyond is in the last one.
CONFIDENCES = tuple(np.arange(11) / 10)
_SAME = 0.002  # pixels that files round away


class Asked(NamedTuple):
    """A query, and what came of it.

    Attributes:
        query (Query): What was asked.
        strategy (str): Who picked its units.
        events (list[dict]): What was ingested of it, see :mod:`~..answers.kept`. What came late
            is the last.
        late (list[int]): Persons whose answer came after the experiment had gone on.
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
    late: Sequence[int] = ()

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
    queries = load_queries(folder)
    kept = {query.round: _events_of(folder, query.round) for query in queries}
    for query in queries:
        late = late_events(kept.values(), query.round)
        path = experiment.paths.label_journal(query.round)
        found.append(
            Asked(
                query,
                picked_by.get(query.round, FIRST_LABELS),
                [*map(_in_time, kept[query.round]), *late],
                is_closed(experiment.state, query),
                Journal(path, query).events,
                osp.basename(experiment.paths.label_answers(query.round)),
                sorted({entry['id'] for event in late for entry in event['annotations']}),
            )
        )
    if not found:
        raise Missing('nobody was asked: the experiment has no query')
    return found


def _events_of(folder: str, round: int) -> List[dict]:
    """What people gave while a round was open."""
    document = load_answers(folder, round)
    events = [] if document is None else document['events']
    return [event for event in events if event.get('format') != 'pool']


def _in_time(event: dict) -> dict:
    """What of an event answers the query of its own round."""
    return dict(event, annotations=[e for e in event['annotations'] if 'late' not in e])


def late_events(kept: Iterable[Sequence[dict]], round: int) -> List[dict]:
    """What later rounds have taken as late answers to the query of a round.

    Args:
        kept (Iterable[Sequence[dict]]): Events of each round, by round.
        round (int): That was closed.
    """
    found = []
    for event in (event for events in kept for event in events):
        late = [entry for entry in event['annotations'] if entry.get('late') == round]
        if late:  # what is warned of stays with the round that took it
            found.append(dict(file=event['file'], warnings=[], annotations=late))
    return found


def answers_of(asked: Asked) -> List[PersonAnswer]:
    """The labelled answers to a query that count, by id."""
    last = {entry['id']: entry for event in asked.events for entry in event['annotations']}
    known = sorted(set(last) & set(asked.query.annotations))
    made = (_answer(asked.query, last[number]) for number in known)
    return [answer for answer in made if (answer.keypoints[:, 2] > 0).any()]


def opinions_of(asked: Asked) -> List[PersonAnswer]:
    """All answers to a query, also those that do not count.

    Of what one person said of another several times, the last.
    """
    last: Dict[tuple, dict] = {}
    for event in asked.events:
        for entry in _told(event):
            last[entry['id'], entry.get('by')] = entry
    known = asked.query.annotations
    return [_answer(asked.query, entry) for entry in last.values() if entry['id'] in known]


def _told(event: dict) -> List[dict]:
    """What each person said in an event; of several about one it has all, and one that counts."""
    several = list(event.get('several', ()))
    ids = {entry['id'] for entry in several}
    return several + [entry for entry in event['annotations'] if entry['id'] not in ids]


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


class Opinions(NamedTuple):
    """What people said about a query, told apart by what they began from.

    Attributes:
        own (list[PersonAnswer]): The last answer of each who did not begin from somebody
            else's.
        corrected (list[tuple]): An answer, and that of somebody else that was made of it.
    """

    own: List[PersonAnswer]
    corrected: List[Tuple[PersonAnswer, PersonAnswer]]


def told_apart(asked: Asked) -> Opinions:
    """Second opinions, and corrections of somebody else's answer.

    Whoever takes a unit over in the browser sees what was there. In other tools an answer was
    made of an earlier one where joints still lie exactly as that had them: see
    :func:`is_made_of`.
    """
    known: Dict[int, Dict[str, PersonAnswer]] = {}
    made: Dict[int, set] = {}
    corrected = []
    for event in asked.events:
        for entry in _told(event):
            if entry['id'] not in asked.query.annotations or not any(entry['keypoints'][2::3]):
                continue
            answer = _answer(asked.query, entry)
            others = known.setdefault(answer.annotation, {})
            before = others.get(answer.by)
            if answer.by == NOT_SAID or (
                before is not None and np.array_equal(before.keypoints, answer.keypoints)
            ):
                continue
            seen = bool(asked.journal) and event['file'] == asked.own
            first = next(
                (
                    other
                    for name, other in reversed(list(others.items()))
                    if name != answer.by and (seen or is_made_of(answer, other))
                ),
                None,
            )
            if first is not None and np.array_equal(first.keypoints, answer.keypoints):
                continue  # handed on as it was
            if first is not None:
                corrected.append((first, answer))
                made.setdefault(answer.annotation, set()).add(answer.by)
            others.pop(answer.by, None)
            others[answer.by] = answer
    own = [
        answer
        for number, told in known.items()
        for name, answer in told.items()
        if name not in made.get(number, ())
    ]
    return Opinions(own, corrected)


def is_made_of(answer: PersonAnswer, earlier: PersonAnswer) -> bool:
    """Whether somebody began from an earlier answer, and not from the prediction.

    Joints that lie exactly where the earlier answer has them, and no prediction is, tell: one
    does, or more than half of those that both label where all numbers are whole pixels or
    tenths, which two people may well click alike.
    """
    both = (answer.keypoints[:, 2] > 0) & (earlier.keypoints[:, 2] > 0)
    if answer.prediction is not None:
        moved = np.abs(earlier.keypoints[:, :2] - answer.prediction[:, :2]).max(1)
        both &= ~(answer.prediction.any(1) & (moved < _SAME))
    apart = np.abs(answer.keypoints[both, :2] - earlier.keypoints[both, :2]).max(1, initial=0)
    same = int((apart < _SAME).sum())
    coarse = common_grid([answer.keypoints, earlier.keypoints]) is not None
    return same > (both.sum() / 2 if coarse else 0)


def agreement(opinions: Sequence[PersonAnswer]) -> Dict[Tuple[str, str], Pair]:
    """How far each two people agree, by their names."""
    of_person: Dict[Tuple[int, int], Dict[str, PersonAnswer]] = {}
    for opinion in opinions:
        if opinion.by != NOT_SAID and (opinion.keypoints[:, 2] > 0).any():
            of_person.setdefault((opinion.round, opinion.annotation), {})[opinion.by] = opinion
    pairs: Dict[Tuple[str, str], List[Tuple[PersonAnswer, PersonAnswer]]] = {}
    for told in of_person.values():
        for names in combinations(sorted(told), 2):
            pairs.setdefault(names, []).append((told[names[0]], told[names[1]]))
    return {names: _pair(each) for names, each in sorted(pairs.items())}


def corrections(
    corrected: Sequence[Tuple[PersonAnswer, PersonAnswer]],
) -> Dict[Tuple[str, str], Pair]:
    """How far people moved what others had labelled, by who had, and who did.

    Joints that stayed where they were are left out of the distances.
    """
    pairs: Dict[Tuple[str, str], List[Tuple[PersonAnswer, PersonAnswer]]] = {}
    for first, second in corrected:
        pairs.setdefault((first.by, second.by), []).append((first, second))
    return {names: _pair(each, moved=True) for names, each in sorted(pairs.items())}


def _pair(answers: Sequence[Tuple[PersonAnswer, PersonAnswer]], moved: bool = False) -> Pair:
    """How far pairs of answers are apart; ``moved``: only joints that are not the same."""
    apart, alone = [], 0
    for first, second in answers:
        seen = np.stack([first.keypoints[:, 2] > 0, second.keypoints[:, 2] > 0])
        both = seen.all(0)
        pixels = np.linalg.norm((first.keypoints - second.keypoints)[both, :2], axis=1)
        pixels = pixels[pixels >= _SAME] if moved else pixels
        apart.append(np.stack([pixels, pixels / first.size]))
        alone += int((seen.any(0) & ~both).sum())
    return Pair(len(answers), in_short(*np.concatenate(apart, 1)), alone)
