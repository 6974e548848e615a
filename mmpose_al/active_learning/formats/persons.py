"""Which person of a query it is, where a tool has numbered everything anew."""

from typing import Any, List, Optional

import numpy as np

from ...fileio import is_number, short
from ..query import Query
from .faults import Faults


def is_nobody(told: Any, keypoints: np.ndarray, image: dict, query: Query) -> bool:
    """Whether it is a skeleton without joints that might be any of several persons.

    Args:
        told (object): Who somebody said it is; None or '' for nobody.
        keypoints (ndarray): Shape (K, 3).
        image (dict): Of the query.
        query (Query): The query.
    """
    return not keypoints[:, 2].any() and told in (None, '') and len(query.of_image[image['id']]) > 1


def person_by_content(
    told: Any, keypoints: np.ndarray, entry: str, image: dict, query: Query, faults: Faults
) -> Optional[int]:
    """Id of the person: as somebody said, the only one of the image, or by box.

    Args:
        told (object): The id that the annotator wrote; None or '' for none.
        keypoints (ndarray): Shape (K, 3).
        entry (str): For messages.
        image (dict): Of the query.
        query (Query): The query.
        faults (Faults): Where faults go.

    Returns:
        int: The id; None for a fault.
    """
    persons = query.of_image[image['id']]
    ids = [person['id'] for person in persons]
    field = 'attributes.annotation_id'
    if told not in (None, ''):
        number = _whole(told)
        if number in ids:
            return number
        return faults.add(
            entry,
            field,
            f'{short(told)} is no annotation of image {image["name"]!r} of the query',
            'correct it, or remove the attribute',
        )
    if len(persons) == 1:
        return ids[0]
    share = [_inside(keypoints, person['bbox']) for person in persons]
    best = int(np.argmax(share))
    like = [_overlap(keypoints, person['bbox']) for person in persons]
    if share[best] == 0 or sorted(share)[-2] == share[best] or like[best] < max(like):
        return faults.add(
            entry,
            field,
            f'is missing, and which of the {len(persons)} persons of image '
            f'{image["name"]!r} it is cannot be told from the joints',
            f'write one of {ids}',
        )
    return ids[best]


def _whole(value: Any) -> Optional[int]:
    """A whole number, also as digits; None for anything else."""
    if is_number(value):
        return int(value) if value == int(value) else None
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        return int(value)
    return None


def _inside(keypoints: np.ndarray, box: List[float]) -> float:
    """Which share of the labelled joints is in a box."""
    points = keypoints[keypoints[:, 2] > 0, :2]
    if not len(points):
        return 0.0
    low = np.array(box[:2])
    return float(((points >= low) & (points <= low + box[2:])).all(1).mean())


def _overlap(keypoints: np.ndarray, box: List[float]) -> float:
    """How alike the extent of the labelled joints and a box are, as a share of their union.

    The joints of a child may all be in the box of the adult behind it, too.
    """
    points = keypoints[keypoints[:, 2] > 0, :2]
    if not len(points):
        return 0.0
    low, high = points.min(0), points.max(0)
    start, size = np.array(box[:2]), np.array(box[2:4])
    common = np.prod(np.clip(np.minimum(high, start + size) - np.maximum(low, start), 0, None))
    return float(common / max(np.prod(high - low) + np.prod(size) - common, 1e-9))
