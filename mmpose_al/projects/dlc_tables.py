"""Label files of DeepLabCut (``CollectedData_<scorer>.csv``), which Lightning Pose writes too.

The header is ``scorer``, with several animals ``individuals``, then ``bodyparts`` and
``coords``; a row names its image in one column or in three, and has x and y of each joint.
An empty cell is a joint that nobody labelled. Pixels are counted from the centre of the
first one, so nothing is shifted.
"""

import csv
import glob
import io
import os.path as osp
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from ..datasets.format import FormatError
from ..fileio import read_rows, short

#: What DeepLabCut calls the owner of joints that no animal has.
UNIQUE = 'single'
HEADERS = ('scorer', 'individuals', 'bodyparts', 'coords')


class Labels(NamedTuple):
    """A label file.

    Attributes:
        scorer (str): Who labelled.
        individuals (list[str]): Animals; empty where the file does not name them.
        joints (list[str]): Body parts, K of them.
        images (list[str]): As the file names them, with slashes.
        points (ndarray): Pixels, NaN where not labelled, (N, A, K, 2); A is 1 where the
            file names no animals.
        dropped (list[str]): Body parts that belong to no animal, which are left out.
    """

    scorer: str
    individuals: List[str]
    joints: List[str]
    images: List[str]
    points: np.ndarray
    dropped: List[str] = []


def read_labels(path: str) -> Labels:
    """Read a label file.

    Raises:
        FormatError: It is none, or a row cannot be read; it names the row.
    """
    rows = read_rows(path)
    heads = {}
    for row in [each for each in rows[:4] if each and each[0] in HEADERS]:
        heads[row[0]] = row
    missing = [name for name in ('scorer', 'bodyparts', 'coords') if name not in heads]
    if missing:
        raise FormatError(
            f'{path}: is no label file of DeepLabCut, its header has no row {missing[0]!r}. Give '
            'CollectedData_<scorer>.csv as the tool wrote it'
        )
    coords = heads['coords']
    start = next((i for i, word in enumerate(coords) if word == 'x'), len(coords))
    columns = _columns(path, heads, start)
    body = rows[len(heads) :]
    images = ['/'.join(filter(None, row[:start])).replace('\\', '/') for row in body if row]
    values = np.full((len(images), len(coords) - start), np.nan)
    for index, row in enumerate(each for each in body if each):
        values[index] = _numbers(path, len(heads) + index + 1, row[start:], values.shape[1])
    points = values.reshape(len(images), len(columns), 2)
    return _arranged(path, heads['scorer'][start], columns, images, points)


def _columns(path: str, heads: dict, start: int) -> List[tuple]:
    """(individual or '', body part) of each pair of columns."""
    parts, coords = heads['bodyparts'], heads['coords']
    owners = heads.get('individuals', [''] * len(parts))
    width = len(coords) - start
    if width < 2 or width % 2 or coords[start:] != ['x', 'y'] * (width // 2):
        raise FormatError(
            f'{path}: the row "coords" is {short(coords)}, not x, y for each body part. Give the '
            'labels, not the predictions of a network'
        )
    return [(owners[i], parts[i]) for i in range(start, len(coords), 2)]


def _numbers(path: str, line: int, row: Sequence[str], length: int) -> np.ndarray:
    try:
        numbers = [float(word) if word.strip() else np.nan for word in row]
    except ValueError as error:
        raise FormatError.at(
            path, f'line {line}', 'x, y', str(error), 'write numbers, or nothing'
        ) from None
    if len(numbers) != length:
        raise FormatError.at(
            path,
            f'line {line}',
            'x, y',
            f'has {len(numbers)} numbers, the header {length} columns',
            'the file may be truncated; copy it again',
        )
    return np.array(numbers)


def _arranged(
    path: str, scorer: str, columns: List[tuple], images: List[str], points: np.ndarray
) -> Labels:
    """The columns by individual and body part."""
    if len(set(columns)) < len(columns):
        twice = next(each for each in columns if columns.count(each) > 1)
        raise FormatError(
            f'{path}: the body part {" ".join(filter(None, twice))!r} is there twice. Give every '
            'body part its own name'
        )
    owners = list(dict.fromkeys(owner for owner, _ in columns))
    animals = [owner for owner in owners if owner != UNIQUE] or owners
    joints = [part for owner, part in columns if owner == animals[0]]
    dropped = [part for owner, part in columns if owner not in animals]
    place = {column: index for index, column in enumerate(columns)}
    for animal in animals:
        if [part for owner, part in columns if owner == animal] != joints:
            raise FormatError(
                f'{path}: individuals {animals[0]!r} and {animal!r} have other body parts. A '
                'project has one skeleton; take one of them'
            )
    order = [[place[animal, joint] for joint in joints] for animal in animals]
    named = [] if animals == [''] else animals
    return Labels(scorer, named, joints, images, points[:, np.array(order)], dropped)


def labels_text(labels: Labels) -> str:
    """The label file, as DeepLabCut 2.2 and later write and read it: images in 3 columns."""
    owners = labels.individuals or ['']
    columns = [(owner, joint) for owner in owners for joint in labels.joints for _ in 'xy']
    rows = [['scorer', '', '', *[labels.scorer] * len(columns)]]
    if labels.individuals:
        rows.append(['individuals', '', '', *[owner for owner, _ in columns]])
    rows.append(['bodyparts', '', '', *[joint for _, joint in columns]])
    rows.append(['coords', '', '', *['x', 'y'] * (len(columns) // 2)])
    for name, points in zip(labels.images, labels.points):
        values = ['' if np.isnan(v) else repr(float(v)) for v in points.ravel()]
        rows.append([*name.split('/'), *values])
    out = io.StringIO()
    csv.writer(out, lineterminator='\n').writerows(rows)
    return out.getvalue()


def in_order(labels: Labels, joints: Sequence[str]) -> Labels:
    """Labels with their joints in another order."""
    places = [labels.joints.index(name) for name in joints]
    return labels._replace(joints=list(joints), points=labels.points[:, :, places])


def label_files_beside(path: str) -> List[str]:
    """Names of the label files of other scorers beside one."""
    names = glob.glob(osp.join(glob.escape(osp.dirname(path)), 'CollectedData_*.csv'))
    return sorted(osp.basename(name) for name in names if name != path)


def label_file(folder: str, scorer: Optional[str] = None) -> Optional[str]:
    """The label file in a folder of images; None without.

    Raises:
        FormatError: There are several, and none is the scorer's; or only an ``.h5``.
    """
    found = sorted(glob.glob(osp.join(glob.escape(folder), 'CollectedData_*.csv')))
    own = osp.join(folder, f'CollectedData_{scorer}.csv')
    if own in found:
        return own
    if len(found) > 1:
        raise FormatError(
            f'{folder}: has label files of several scorers: {", ".join(map(osp.basename, found))}. '
            "Keep the one that counts, or name it as the project's scorer"
        )
    if not found and glob.glob(osp.join(glob.escape(folder), 'CollectedData_*.h5')):
        raise FormatError(
            f'{folder}: has labels as .h5 alone. Write the .csv beside it, where DeepLabCut is '
            "installed: pandas.read_hdf('X.h5').to_csv('X.csv')"
        )
    return found[0] if found else None
