"""Labels that cannot be right, as far as a single view tells.

Each check takes all answered persons of a query at once. Distances are shares of a person's
size, the longer side of the box, so they mean the same in any image.
"""

from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ...datasets.joint_sides import side_pairs, without_side
from ..query import Query
from .label_warnings import CLICK, LabelWarning, person_size, place

#: Of a person's size: nobody's joints are so close together.
ONE_POINT = 0.01
#: Of a person's size: training cuts images at 1.25 times the box, so a joint farther out is
#: beyond what a network sees.
OUTSIDE = 0.125
#: Times the length that nine of ten labels stay below, and how many labels tell it.
LONG, ENOUGH = 2.0, 30


class Persons(NamedTuple):
    """Answered persons of a query.

    Attributes:
        query (Query): The query.
        entries (list[dict]): Of the query, one a person.
        points (ndarray): Pixels, (N, K, 2); NaN where a joint is not labelled.
        predicted (ndarray): What the model had said, (N, K, 2); NaN where it said nothing.
        boxes (ndarray): x, y, w, h, (N, 4).
        sizes (ndarray): See :func:`~.label_warnings.person_size`, (N, ).
    """

    query: Query
    entries: List[dict]
    points: np.ndarray
    predicted: np.ndarray
    boxes: np.ndarray
    sizes: np.ndarray


def persons_of(query: Query, keypoints: Dict[int, np.ndarray]) -> Persons:
    """The persons of a query that these answers are about.

    Args:
        query (Query): The query.
        keypoints (dict): Annotation id -> (K, 3); others than the query's are left out.
    """
    entries = [query.annotations[i] for i in keypoints if i in query.annotations]
    joints = len(query.joints)
    nothing = [[0.0, 0.0, 0.0]] * joints
    points = np.reshape([keypoints[entry['id']] for entry in entries], (-1, joints, 3))
    predicted = np.reshape([e['prediction'] or nothing for e in entries], (-1, joints, 3))
    said = predicted.any(-1, keepdims=True)
    return Persons(
        query,
        entries,
        np.where(points[..., 2:] > 0, points[..., :2], np.nan),
        np.where(said, predicted[..., :2], np.nan),
        np.reshape([entry['bbox'] for entry in entries], (-1, 4)).astype(np.float64),
        np.array([person_size(entry['bbox']) for entry in entries]),
    )


def single_view_warnings(
    persons: Persons, known: Dict[int, np.ndarray], boxes: Dict[int, Sequence[float]]
) -> List[LabelWarning]:
    """What cannot be right about labels, each view by itself.

    Args:
        persons (Persons): Whom to look at.
        known (dict): Annotation id -> (K, 3): all labels that there are, of which the usual
            lengths of limbs are learnt.
        boxes (dict): Annotation id -> box, of all these.
    """
    if not persons.entries:
        return []
    usual = usual_lengths(persons.query, known, boxes)
    with np.errstate(invalid='ignore'):  # joints without a label are NaN
        return [
            *one_point(persons),
            *exchanged(persons),
            *outside(persons),
            *long_limbs(persons, usual),
        ]


def one_point(persons: Persons) -> List[LabelWarning]:
    """Persons of whose joints half, and at least three, are on one point."""
    apart = np.linalg.norm(persons.points[:, :, None] - persons.points[:, None], axis=-1)
    near = apart <= np.maximum(ONE_POINT * persons.sizes, 1.0)[:, None, None]
    at_one, labelled = near.sum(2).max(1), np.isfinite(persons.points).all(-1).sum(1)
    found = []
    for row in np.flatnonzero((at_one >= 3) & (2 * at_one >= labelled)):
        entry = persons.entries[row]
        found.append(
            LabelWarning(
                'one_point',
                f'{place(persons.query, entry)}: {at_one[row]} of {labelled[row]} joints are '
                'on one point',
                [entry['id']],
            )
        )
    return found


def outside(persons: Persons) -> List[LabelWarning]:
    """Persons with joints far outside their box."""
    low = persons.boxes[:, None, :2]
    high = low + persons.boxes[:, None, 2:]
    beyond = np.linalg.norm(
        np.maximum(np.maximum(low - persons.points, persons.points - high), 0), axis=-1
    )
    far = beyond > OUTSIDE * persons.sizes[:, None]
    found = []
    for row in np.flatnonzero(far.any(1)):
        entry, worst = persons.entries[row], float(np.nanmax(beyond[row]))
        names = _names(persons, far[row])
        found.append(
            LabelWarning(
                'outside',
                f'{place(persons.query, entry)}: {", ".join(names)}: outside the box by up to '
                f'{worst:.0f} px, {worst / persons.sizes[row]:.0%} of its longer side',
                [entry['id']],
                names,
                worst,
            )
        )
    return found


def exchanged(persons: Persons) -> List[LabelWarning]:
    """Persons whose left and right joints lie where the model had seen the other ones.

    A pair counts where its joints lie at most half as far from the prediction of the other
    side as from that of their own. All pairs have to, or at least two and half of them.
    """
    pairs = side_pairs(persons.query.joints)
    if not pairs:
        return []
    swapped, own = exchanged_pairs(persons, pairs)
    told = np.isfinite(own)
    count = swapped.sum(1)
    found = []
    for row in np.flatnonzero((count > 0) & (2 * count >= told.sum(1))):
        if count[row] == 1 < told[row].sum():
            continue
        entry = persons.entries[row]
        names = [persons.query.joints[k] for p in np.flatnonzero(swapped[row]) for k in pairs[p]]
        what = ', '.join(without_side(name) for name in names[::2])
        found.append(
            LabelWarning(
                'exchanged',
                f'{place(persons.query, entry)}: left and right are exchanged against the '
                f'prediction ({what})',
                [entry['id']],
                names,
                float(np.nanmax(np.where(swapped[row], own[row], np.nan))),
            )
        )
    return found


def exchanged_pairs(
    persons: Persons, pairs: Sequence[Tuple[int, int]]
) -> Tuple[np.ndarray, np.ndarray]:
    """Which pairs are exchanged, bool (N, P), and how far each is off, pixels (N, P).

    The distance is NaN where a joint of a pair is not labelled, or not predicted, or both
    are predicted on one point.
    """
    left, right = (list(side) for side in zip(*pairs))

    def off(labels: list, predictions: list) -> np.ndarray:
        return np.linalg.norm(persons.points[:, labels] - persons.predicted[:, predictions], axis=2)

    own = (off(left, left) + off(right, right)) / 2
    other = (off(left, right) + off(right, left)) / 2
    width = np.linalg.norm(persons.predicted[:, left] - persons.predicted[:, right], axis=2)
    own = np.where(width > CLICK * persons.sizes[:, None], own, np.nan)
    return 2 * other < own, own


def usual_lengths(
    query: Query, known: Dict[int, np.ndarray], boxes: Dict[int, Sequence[float]]
) -> np.ndarray:
    """What nine of ten labels of each limb stay below, as a share of the box's diagonal, (L, ).

    NaN for a limb with too few labels to say.
    """
    limbs = _limbs(query)
    if not known or not limbs:
        return np.full(len(limbs), np.nan)
    points = np.stack([known[i] for i in known])
    points = np.where(points[..., 2:] > 0, points[..., :2], np.nan)
    size = np.reshape([boxes[i] for i in known], (-1, 4))
    shares = _lengths(points, limbs) / np.maximum(np.hypot(size[:, 2], size[:, 3]), 1)[:, None]
    usual = np.full(len(limbs), np.nan)
    for limb, values in enumerate(shares.T):
        values = values[np.isfinite(values)]
        if len(values) >= ENOUGH:
            usual[limb] = np.quantile(values, 0.9)
    return usual


def long_limbs(persons: Persons, usual: np.ndarray) -> List[LabelWarning]:
    """Limbs that are more than twice as long as nine of ten labels of them are."""
    limbs = _limbs(persons.query)
    if not limbs:
        return []
    lengths = _lengths(persons.points, limbs)
    diagonals = np.maximum(np.hypot(persons.boxes[:, 2], persons.boxes[:, 3]), 1)
    shares = lengths / diagonals[:, None]
    found = []
    for row, limb in np.argwhere(shares > LONG * usual):
        entry, names = persons.entries[row], [persons.query.joints[k] for k in limbs[limb]]
        length = float(lengths[row, limb])
        found.append(
            LabelWarning(
                'limb',
                f'{place(persons.query, entry)}: {names[0]} to {names[1]} is {length:.0f} px, '
                f'{shares[row, limb]:.0%} of the diagonal of the box; nine of ten labels have '
                f'at most {usual[limb]:.0%}',
                [entry['id']],
                names,
                length,
            )
        )
    return found


def _limbs(query: Query) -> List[Tuple[int, int]]:
    """Places of the joints of each limb of the skeleton, which counts them from 1."""
    joints = range(len(query.joints))
    limbs = [(a - 1, b - 1) for a, b in query.content['category']['skeleton']]
    return [(a, b) for a, b in limbs if a in joints and b in joints]


def _lengths(points: np.ndarray, limbs: List[Tuple[int, int]]) -> np.ndarray:
    """Length of each limb, (N, L); NaN where a joint is missing."""
    first, second = (list(ends) for ends in zip(*limbs))
    return np.linalg.norm(points[:, first] - points[:, second], axis=-1)


def _names(persons: Persons, chosen: np.ndarray) -> List[str]:
    return [persons.query.joints[k] for k in np.flatnonzero(chosen)]
