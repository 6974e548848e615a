"""Several answers about one person: which one counts, and where they differ."""

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..formats import Answer, AnswerError
from ..query import Query
from .label_warnings import CLICK, LabelWarning, person_size, place

RULES = ('latest', 'mean')


def one_a_person(
    answers: Sequence[Answer],
    query: Query,
    path: str,
    annotator: Optional[str] = None,
    rule: str = 'latest',
) -> Tuple[List[Answer], List[LabelWarning]]:
    """The answer that counts for each person.

    Where an annotator is named, his or hers alone count. Else one that the tool marks as the
    right one counts; else the latest one of all, or the mean of each annotator's latest.

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
        AnswerError: The annotator has answered nothing.
        ValueError: Another rule.
    """
    if rule not in RULES:
        raise ValueError(f'several answers: the rule is one of {", ".join(RULES)}; got {rule!r}')
    if annotator is not None:
        answers = _of(answers, annotator, path)
    of_person: Dict[int, List[Answer]] = {}
    for answer in answers:
        of_person.setdefault(answer.annotation, []).append(answer)
    chosen, warnings = [], []
    for given in of_person.values():
        latest = latest_by_annotator(given)
        settled = [answer for answer in given if answer.settled]
        if len(settled) == 1:
            chosen.append(settled[0])
            continue
        warning = difference(latest, query)
        left_out = not_labelled(latest, query) if rule == 'latest' else None
        warnings += [each for each in (warning, left_out) if each is not None]
        chosen.append(mean(latest) if rule == 'mean' and len(latest) > 1 else latest[-1])
    return chosen, warnings


def told_by_several(answers: Sequence[Answer]) -> List[Answer]:
    """Each annotator's latest answer about the persons whom two or more of them labelled."""
    of_person: Dict[int, List[Answer]] = {}
    for answer in answers:
        if answer.by is not None and (answer.keypoints[:, 2] > 0).any():
            of_person.setdefault(answer.annotation, []).append(answer)
    latest = (latest_by_annotator(given) for given in of_person.values())
    return [answer for each in latest if len(each) > 1 for answer in each]


def _of(answers: Sequence[Answer], annotator: str, path: str) -> List[Answer]:
    """Those of one annotator."""
    found = [answer for answer in answers if answer.by == annotator]
    if not found:
        names = sorted({answer.by for answer in answers if answer.by is not None})
        known = f'those of {", ".join(names)} are' if names else 'it does not say whose they are'
        raise AnswerError(
            f'{path}: has no answer of annotator {annotator!r}; {known}. Name one of them, or '
            'leave --annotator out'
        )
    return found


def latest_by_annotator(answers: Sequence[Answer]) -> List[Answer]:
    """The latest answer of each annotator, the latest one last.

    Answers without a time are as old as their place in the file says.
    """
    timed = all(answer.at for answer in answers)
    ordered = sorted(answers, key=lambda a: a.at or '') if timed else list(answers)
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
