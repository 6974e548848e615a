"""Boxes of a project's people: the source's own, the whole image, around labels, or a file's."""

from collections import Counter
from typing import Dict, List, Optional, Tuple

import numpy as np

from ..converters.common import box_around
from ..converters.videos import Boxes, read_boxes
from ..datasets.format import FormatError
from .table import Person, Shot, Table

IMAGE, LABELS = 'image', 'labels'
# Sides of a box around labels, in multiples of their extent, as of the converters.
MARGIN = 1.2

Place = Tuple[str, int]  # view and frame


def default_way(table: Table) -> str:
    """Around labels where an image has several individuals, else the whole image.

    One box for labelled and unlabelled images alike: both are seen at the same scale.
    """
    several = any(len(shot.people) > 1 for shot in table.shots)
    return LABELS if several or table.individuals else IMAGE


def read_box_file(path: str, table: Table, detected: bool = False) -> Boxes:
    """Boxes of a file for the images of a table.

    Args:
        path (str): The file.
        table (Table): Of the sources.
        detected (bool): Whether a detector wrote it. Where it finds several bodies in a view of
            a rig, the surest is taken, and the table says so.

    Raises:
        FormatError: It is none, none of its images is the table's, or nothing tells who is who
            in the views of a rig.
    """
    names = places(table)
    boxes = read_boxes(path, names)
    if not boxes.entries:
        raise FormatError(
            f'{path}: none of its images is one of this project, such as {next(iter(names))}. '
            'Write the same file_name'
        )
    crowded = boxes.crowded() if table.cameras else []
    if crowded:
        view, number = crowded[0]
        text = f'{len(crowded)} images show several bodies, first frame {number} of {view}'
        remedy = 'give boxes with a person_id, the same in all views of a frame (--boxes FILE)'
        if not detected:
            raise FormatError(
                f'{path}: {text}, and their boxes have no person_id: nothing says who is who in '
                f'the other views. To keep them apart {remedy}; else leave one box an image'
            )
        table.said.append(
            f'warning: {text}. The surest box of each was taken, which may be of different bodies '
            f'in different views, and is then triangulated wrongly. To keep them apart {remedy}'
        )
    return boxes


def places(table: Table) -> Dict[str, Place]:
    """What names each image in a list of boxes: file name -> view and frame.

    The view is the camera of a rig, ``recording/camera`` where the rig has several recordings,
    the recording where there is no rig, and the image itself where it is of no recording.
    """
    several = len({shot.sequence for shot in table.shots}) > 1

    def place(shot: Shot) -> Place:
        if shot.sequence is None:
            return shot.file_name, 0
        if shot.camera is None:
            return shot.sequence, shot.index
        name = shot.camera.name
        return f'{shot.sequence}/{name}' if several else name, shot.index

    return {shot.file_name: place(shot) for shot in table.shots}


def fill_boxes(table: Table, way: str = IMAGE, boxes: Optional[Boxes] = None) -> Table:
    """A table in which every person has a box; people who have none are left out and counted.

    A box that the source gives stays.

    Args:
        table (Table): Of the sources.
        way (str): ``'image'``: the whole image; ``'labels'``: around the labels, so that
            images without labels have nobody.
        boxes (Boxes, optional): Of a file or a detector, for images of which the source
            has neither.
    """
    left_out: Counter = Counter()
    found = places(table)
    shots = []
    for shot in table.shots:
        told = None if boxes is None else _people(boxes, found[shot.file_name])
        shots.append(shot._replace(people=_with_boxes(shot, way, told, left_out)))
    table.shots = [shot for shot in shots if shot.people]
    for what, number in sorted(left_out.items()):
        table.said.append(f'{number} {what} are left out')
    if not table.shots:
        raise FormatError(
            'no image has a box. Give boxes: --boxes image, --boxes FILE, or --detector CONFIG '
            'CHECKPOINT'
        )
    return table


def _with_boxes(
    shot: Shot, way: str, found: Optional[List[Person]], left_out: Counter
) -> List[Person]:
    whole = [0.0, 0.0, float(shot.size[0]), float(shot.size[1])]
    labeled = [person for person in shot.people if person.is_labeled]
    people = [_labeled(person, shot, way, whole) for person in labeled]
    people += [p for p in shot.people if not p.is_labeled and p.bbox is not None]
    if people:
        return people
    if found is not None:
        people, what = found, 'images without a box'
    elif way == IMAGE:
        return [Person(None, whole)]
    else:
        what = 'images without labels, which need a box of a file or a detector,'
    if not people:
        left_out[what] += 1
    return people


def _labeled(person: Person, shot: Shot, way: str, whole: List[float]) -> Person:
    if person.bbox is not None:
        return person
    if way == IMAGE:
        return person._replace(bbox=whole)
    points = np.asarray(person.keypoints)
    return person._replace(bbox=box_around(points[:, :2], points[:, 2] > 0, shot.size, MARGIN))


def _people(boxes: Boxes, place: Place) -> List[Person]:
    """People of a file's boxes; without numbers the best box is the one person."""
    rows = sorted(boxes.entries.get(place, []), key=lambda row: -row[0])
    if boxes.numbered:
        return [Person(None, list(box), number) for _, number, box in rows]
    return [Person(None, list(box)) for _, _, box in rows[:1]]
