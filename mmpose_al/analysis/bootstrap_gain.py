"""What views learn from one another: joints that a network alone had wrong, and a student right."""

from typing import List, NamedTuple

import numpy as np


class Gain(NamedTuple):
    """Joints on which so many views agreed, in the views that have their truth.

    Attributes:
        inliers (int): How many views agreed; 0: too few, so nobody was taught.
        joints (int): How many joints of views.
        alone, labels, student (float): Share of them right by the network alone, by the
            pseudo-labels that were made of it (NaN without), and by the network that was
            trained on these.
        learnt (float): Of those that the network alone had wrong, the share that the student
            has right; NaN without one.
        lost (float): Of those that it had right, the share that the student has wrong.
    """

    inliers: int
    joints: int
    alone: float
    labels: float
    student: float
    learnt: float
    lost: float


def is_right(
    keypoints: np.ndarray, truth: np.ndarray, lengths: np.ndarray, share: float = 0.1
) -> np.ndarray:
    """Keypoints within a share of the longer side of the box of where they are.

    Args:
        keypoints (ndarray): Pixels, (N, K, 2); one that is not finite is wrong.
        truth (ndarray): Pixels, (N, K, 2).
        lengths (ndarray): The longer side of each person's box, pixels, (N, ).
        share (float): 0.1 is that of PCK@0.1.

    Returns:
        ndarray: bool (N, K).
    """
    distance = np.linalg.norm(keypoints - truth, axis=-1)
    return np.nan_to_num(distance, nan=np.inf) <= share * lengths[:, None]


def gain_by_inliers(
    alone: np.ndarray, labels: np.ndarray, student: np.ndarray, known: np.ndarray, votes: np.ndarray
) -> List[Gain]:
    """What a student has right, by the number of views that agreed on a joint.

    Args:
        alone, labels, student (ndarray): Which joints are right, bool (N, K), see
            :func:`is_right`.
        known (ndarray): Joints whose truth is known, bool (N, K). The others do not count.
        votes (ndarray): Views that agreed, 0 where too few, int (N, K).

    Returns:
        list[Gain]: One for each number of views that there is, ascending.
    """
    return [
        gain_of(
            *(each[known & (votes == number)] for each in (alone, labels, student)), int(number)
        )
        for number in np.unique(votes[known])
    ]


def gain_of(alone: np.ndarray, labels: np.ndarray, student: np.ndarray, number: int) -> Gain:
    """The gain in some joints, bool (n, ) each, on which a number of views agreed."""
    return Gain(
        number,
        len(alone),
        share(alone),
        share(labels) if number else float('nan'),
        share(student),
        share(student[~alone]),
        share(~student[alone]),
    )


def share(which: np.ndarray) -> float:
    """How many of some are, as a share; NaN of none."""
    return float(which.mean()) if len(which) else float('nan')


def total(rows: List[Gain]) -> Gain:
    """All rows of :func:`gain_by_inliers` as one; its ``inliers`` is -1."""
    joints = np.array([row.joints for row in rows], np.float64)
    alone = np.array([row.alone for row in rows])
    wrong, right = joints * (1 - alone), joints * alone

    def mean(name: str, weights: np.ndarray) -> float:
        values = np.array([getattr(row, name) for row in rows])
        there = np.isfinite(values) & (weights > 0)
        if not there.any():
            return float('nan')
        return float(np.average(values[there], weights=weights[there]))

    names = dict(alone=joints, labels=joints, student=joints, learnt=wrong, lost=right)
    means = {name: mean(name, weights) for name, weights in names.items()}
    return Gain(-1, int(joints.sum()), **means)


def as_table(rows: List[Gain]) -> str:
    """Rows as a Markdown table, in percent, with all of them together last."""
    head = (
        'views that agree',
        'joints',
        'right alone',
        'pseudo-label right',
        'student right',
        'wrong alone, student right',
        'right alone, student wrong',
    )
    lines = [head, ('---',) * len(head)]
    for row in [*rows, total(rows)] if rows else []:
        name = {0: 'too few', -1: '**all**'}.get(row.inliers, str(row.inliers))
        cells = [f'{value:.1%}' if np.isfinite(value) else '–' for value in row[2:]]
        lines.append((name, f'{row.joints:,}', *cells))
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)
