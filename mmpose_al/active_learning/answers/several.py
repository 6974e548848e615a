"""Several answers about one person: which one counts, and where they differ."""

from datetime import datetime, timezone
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..formats import Answer, AnswerError
from ..query import Query
from .label_warnings import CLICK, LabelWarning, person_size, place
from .untouched import is_labelled

RULES = ('latest', 'mean')


def one_a_person(
    answers: Sequence[Answer],
    query: Query,
    path: str,
    annotator: Optional[str] = None,
    rule: str = 'latest',
) -> Tuple[List[Answer], List[LabelWarning]]:
    """The answer that counts for each person.

    Where an annotator is named, his or hers alone count. Else those count that the tool marks
    as right, where it marks any. Of these it is the latest one of all that has a joint, or the
    mean of each annotator's latest.

    Args:
        answers (Sequence[Answer]): Of one file, several a person where it says who gave them.
        query (Query): What they answer.
        path (str): The file, for messages.
        annotator (str, optional): Who counts: a name as :attr:`~..formats.Answer.by` has it.
        rule (str): ``'latest'`` or ``'mean'``.

    Returns:
        tuple: One answer a person in the order of the file, and a warning for each person
        about whom annotators differ by more than 5 % of the person's size.

    Raises:
        ValueError: Another rule.
    """
    if rule not in RULES:
        raise ValueError(f'several answers: the rule is one of {", ".join(RULES)}; got {rule!r}')
    if annotator is not None:
        answers = [answer for answer in answers if answer.by == annotator]
    of_person: Dict[int, List[Answer]] = {}
    for answer in answers:
        of_person.setdefault(answer.annotation, []).append(answer)
    chosen, warnings = [], []
    for given in of_person.values():
        settled = [answer for answer in given if answer.settled]
        if len(settled) == 1:
            chosen.append(settled[0])
            continue
        latest = latest_by_annotator(settled or given)
        warnings += _differences(latest, query, rule)
        if rule == 'mean' and len(latest) > 1:
            chosen.append(mean(latest))
        else:  # a submission without a joint is no answer where somebody has one
            chosen.append((list(filter(is_labelled, latest)) or latest)[-1])
    return chosen, warnings


def _differences(latest: Sequence[Answer], query: Query, rule: str) -> List[LabelWarning]:
    """Warnings about a person, of each annotator's latest answer."""
    found = [difference(latest, query)]
    if rule == 'latest':
        labelled = list(filter(is_labelled, latest))
        found.append(not_labelled(labelled, query) if labelled else None)
        found.append(passed_on(latest, query))
    return [warning for warning in found if warning is not None]


def told_by_several(answers: Sequence[Answer]) -> List[Answer]:
    """Each annotator's latest answer about the persons whom two or more of them labelled."""
    of_person: Dict[int, List[Answer]] = {}
    for answer in answers:
        if answer.by is not None and (answer.keypoints[:, 2] > 0).any():
            of_person.setdefault(answer.annotation, []).append(answer)
    latest = (latest_by_annotator(given) for given in of_person.values())
    return [answer for each in latest if len(each) > 1 for answer in each]


def check_annotator(answers: Sequence[Answer], annotator: Optional[str], path: str) -> None:
    """Refuse a file in which an annotator has answered nothing.

    Raises:
        AnswerError: So it is.
    """
    names = sorted({answer.by for answer in answers if answer.by is not None})
    if annotator is None or annotator in names:
        return
    known = f'those of {", ".join(names)} are' if names else 'it does not say whose they are'
    raise AnswerError(
        f'{path}: has no answer of annotator {annotator!r}; {known}. Name one of them, or '
        'leave --annotator out'
    )


def moment(at: Optional[str]) -> Optional[float]:
    """Seconds since 1970 of a time as ISO 8601 writes it, in UTC where it names no zone.

    None for any other text.
    """
    try:
        found = datetime.fromisoformat((at or '').replace('Z', '+00:00'))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()


def latest_by_annotator(answers: Sequence[Answer]) -> List[Answer]:
    """The latest answer of each annotator, the latest one last.

    Answers without a time are as old as their place in the file says.
    """
    ordered = list(answers)
    if all(moment(answer.at) is not None for answer in answers):
        ordered.sort(key=lambda answer: moment(answer.at) or 0.0)
    elif all(answer.at for answer in answers):
        ordered.sort(key=lambda answer: answer.at or '')
    last: Dict[Optional[str], Answer] = {}
    for answer in ordered:
        last.pop(answer.by, None)
        last[answer.by] = answer
    return list(last.values())


def mean(answers: Sequence[Answer]) -> Answer:
    """The mean of several answers.

    A joint is labelled where at least half of them label it. It lies at the mean of those,
    and is visible where more than half of those say so.
    """
    points = np.stack([answer.keypoints for answer in answers])
    seen = points[..., 2] > 0
    count = seen.sum(0)
    place = (points[..., :2] * seen[..., None]).sum(0) / np.maximum(count, 1)[:, None]
    visible = (points[..., 2] == 2).sum(0)
    v = np.where(2 * count < len(answers), 0, np.where(2 * visible > count, 2, 1))
    keypoints = np.c_[place.round(3), v] * (v > 0)[:, None]
    names = [answer.by for answer in answers if answer.by is not None]
    return answers[-1]._replace(keypoints=keypoints, by=', '.join(names) or None, seconds=None)


def passed_on(answers: Sequence[Answer], query: Query) -> Optional[LabelWarning]:
    """A warning where the last answer has no joint, so that one before it counts."""
    labelled = list(filter(is_labelled, answers))
    if not labelled or is_labelled(answers[-1]):
        return None
    entry = query.annotations[answers[0].annotation]
    return LabelWarning(
        'annotators',
        f'{place(query, entry)}: {answers[-1].by} answered last and labels no joint; the answer of '
        f'{labelled[-1].by} counts',
        [entry['id']],
        (),
    )


def not_labelled(answers: Sequence[Answer], query: Query) -> Optional[LabelWarning]:
    """A warning where the last answer, which counts, lacks joints that others label."""
    points = np.stack([answer.keypoints for answer in answers])
    lacks = (points[:-1, :, 2] > 0).any(0) & (points[-1, :, 2] == 0)
    if not lacks.any():
        return None
    entry, names = query.annotations[answers[0].annotation], np.array(query.joints)[lacks].tolist()
    return LabelWarning(
        'annotators',
        f'{place(query, entry)}: {answers[-1].by} answered last and labels no {", ".join(names)}, '
        'which others do',
        [entry['id']],
        names,
    )


def difference(answers: Sequence[Answer], query: Query) -> Optional[LabelWarning]:
    """A warning where annotators differ; None where they do not."""
    if len(answers) < 2:
        return None
    points = np.stack([answer.keypoints for answer in answers])
    both = (points[:, None, :, 2] > 0) & (points[None, :, :, 2] > 0)
    apart = np.linalg.norm(points[:, None, :, :2] - points[None, :, :, :2], axis=-1)
    apart = np.where(both, apart, 0).max((0, 1))
    entry = query.annotations[answers[0].annotation]
    far = np.flatnonzero(apart > CLICK * person_size(entry['bbox']))
    if not len(far):
        return None
    worst = int(apart.argmax())
    names = ', '.join(str(answer.by) for answer in answers)
    return LabelWarning(
        'annotators',
        f'{place(query, entry)}: {names} differ in {len(far)} of {len(query.joints)} joints, '
        f'in {query.joints[worst]} by {apart[worst]:.0f} px',
        [entry['id']],
        [query.joints[k] for k in far],
        float(apart[worst]),
    )
