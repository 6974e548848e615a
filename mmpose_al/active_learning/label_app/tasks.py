"""What is labelled at once: a unit of the query, its persons, and the views of each."""

from typing import Dict, List, NamedTuple

import numpy as np

from ..query import Query


class Person(NamedTuple):
    """One person, in all views of a frame or in one image.

    Attributes:
        number (int): ``person_id`` of the pool.
        annotations (list[int]): Its views, one an image, by camera.
        order (list[int]): Joints, those to look at first before the others.
    """

    number: int
    annotations: List[int]
    order: List[int]


class Task(NamedTuple):
    """A unit of the query.

    Attributes:
        unit (int): Its id.
        persons (list[Person]): Who is in it.
    """

    unit: int
    persons: List[Person]

    @property
    def annotations(self) -> List[int]:
        """All persons in all images."""
        return [number for person in self.persons for number in person.annotations]


def tasks_of(query: Query) -> List[Task]:
    """The units of a query in its order.

    Persons of a frame are told apart by ``person_id``; one that an image has twice is no
    person in several views, and each is taken for itself.
    """
    members: Dict[int, List[dict]] = {unit: [] for unit in query.units}
    for entry in query.annotations.values():
        members[entry['unit']].append(entry)
    return [Task(unit, _persons(entries, query)) for unit, entries in members.items()]


def _persons(entries: List[dict], query: Query) -> List[Person]:
    groups: Dict[int, List[dict]] = {}
    for entry in entries:
        groups.setdefault(entry['person_id'], []).append(entry)
    persons = []
    for number, group in groups.items():
        images = [entry['image_id'] for entry in group]
        parts = [group] if len(set(images)) == len(images) else [[entry] for entry in group]
        for part in parts:
            part = sorted(part, key=lambda entry: _by_camera(query.images[entry['image_id']]))
            ids = [entry['id'] for entry in part]
            persons.append(Person(number, ids, joint_order(part, len(query.joints))))
    return persons


def _by_camera(image: dict) -> tuple:
    camera = image.get('camera_id')
    return (camera is None, camera or 0, image['id'])


def joint_order(entries: List[dict], num: int) -> List[int]:
    """Joints of the views of a person, the worst first.

    That is by the mean error of the predictions against the other views, then by the lowest
    confidence, as the query orders the joints of a view. Without predictions: as they are.

    Args:
        entries (list[dict]): The views in the query.
        num (int): Of joints.
    """
    predicted = [entry for entry in entries if entry['prediction'] is not None]
    if not predicted:
        return list(range(num))
    scores = np.mean([np.asarray(entry['prediction'])[:, 2] for entry in predicted], 0)
    known = [(entry['why'] or {}).get('joint_errors') for entry in predicted]
    errors = [np.asarray(each, float) for each in known if each is not None]
    worst = np.mean(errors, 0) if errors else np.zeros(num)
    return np.lexsort((scores, -worst)).tolist()
