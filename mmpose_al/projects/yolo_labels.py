"""Label files of YOLO: one text an image, one line a person.

A line is class, box (middle, width, height), and the joints; all are shares of the image.
"""

import os.path as osp
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ..datasets.format import FormatError
from ..fileio import read_bytes, short
from .table import Person

BOX = 5  # numbers before those of the joints
LOOKED_AT = 200  # images, where labels are only looked for


def label_path(image: str) -> str:
    """Where the labels of an image are: in ``labels`` for the last ``images``, or beside it."""
    parts = osp.splitext(image)[0].replace('\\', '/').split('/')
    places = [place for place, part in enumerate(parts[:-1]) if part == 'images']
    if places:
        other = '/'.join([*parts[: places[-1]], 'labels', *parts[places[-1] + 1 :]]) + '.txt'
        if osp.isfile(other):
            return other
    return osp.splitext(image)[0] + '.txt'


def read_labels(path: str, number: int, values: int, size: Tuple[int, int]) -> List[Person]:
    """People of an image; none without a file.

    Args:
        path (str): A line a person: class, box (middle, width, height), joints.
        number, values (int): Joints, and numbers of each.
        size (tuple): Width and height of the image.

    Raises:
        FormatError: A line is of another form.
    """
    if not osp.isfile(path):
        return []
    people = []
    for count, line in enumerate(read_bytes(path).decode('utf-8', 'replace').splitlines(), 1):
        if line.strip():
            people.append(_person(line, f'{path}, line {count}', number, values, size))
    return people


def _person(line: str, where: str, number: int, values: int, size: Tuple[int, int]) -> Person:
    try:
        row = np.array(line.split(), np.float64)
    except ValueError:
        raise FormatError(f'{where}: {short(line)} is not numbers alone. Export it again') from None
    if len(row) != BOX + number * values or not np.isfinite(row).all():
        raise FormatError(
            f'{where}: has {len(row)} numbers; class, box and {number} joints of {values} make '
            f'{BOX + number * values}. Export poses, or correct kpt_shape'
        )
    scale = np.array(size, np.float64)
    box = np.r_[row[1:3] - row[3:BOX] / 2, row[3:BOX]] * np.r_[scale, scale]
    points = row[BOX:].reshape(number, values)
    seen = points[:, 2] if values == 3 else np.where(points.any(1), 2.0, 0.0)
    if not np.isin(seen, (0, 1, 2)).all():
        raise FormatError(f'{where}: a visibility is not 0, 1 or 2. Export it again')
    seen = np.where(points[:, :2].any(1), seen, 0.0)  # (0, 0) is how no label is written
    keypoints = np.c_[points[:, :2] * scale, seen] * (seen > 0)[:, None]
    return Person(keypoints, box.tolist())


def pose_labels_beside(folder: str, images: Sequence[str]) -> Optional[str]:
    """The first label of a pose beside the images of a folder, or in its ``labels``.

    Args:
        folder (str): Of images.
        images (Sequence[str]): Names below it.
    """
    for name in images[:LOOKED_AT]:
        path = label_path(osp.join(osp.abspath(folder), name))
        if osp.isfile(path) and _is_pose(read_bytes(path).split(b'\n')[0].split()):
            return path
    return None


def _is_pose(words: Sequence[bytes]) -> bool:
    """Whether a line has a class, a box within the image, and joints."""
    try:
        row = [float(word) for word in words]
    except ValueError:
        return False
    return len(row) > BOX and row[0] == int(row[0]) and all(0 <= v <= 1 for v in row[1:BOX])
