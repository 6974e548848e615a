"""Labels for images of a pool that belongs to no experiment.

A folder of its own holds the same files as an experiment with people does: a copy of the pool,
queries, journals, answers and ``labels.json``. It has no state, so its latest query is open.
"""

import os.path as osp
from fnmatch import fnmatch
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ...datasets.format import labeled_joints
from ...fileio import make_folder, read_json, write_json
from ..experiment import Missing
from ..new_query import build_query, write_query
from ..paths import Paths
from ..pool import Pool, load_pool
from ..query import Query, load_query
from .journal import Journal
from .progress import COPY, replay
from .waiting import waiting_units

POOL = 'pool.json'


def latest_query(folder: str) -> Optional[Query]:
    """The query that was asked last; None without."""
    rounds = Paths(folder).query_rounds()
    return load_query(folder, rounds[-1]) if rounds else None


def unfinished(query: Query, folder: str) -> List[int]:
    """Units of a query that nobody has called done."""
    journal = Journal(Paths(folder).label_journal(query.round), query)
    progress = replay(query.units, journal.events)
    return [unit for unit in query.units if not progress[unit].done]


def same_people(content: Dict[str, Any], other: Dict[str, Any]) -> bool:
    """Whether two files have the same joints, images and persons, whatever their labels."""

    def persons(each: Dict[str, Any]) -> list:
        return [
            (a['id'], a['image_id'], a.get('person_id'), a['bbox']) for a in each['annotations']
        ]

    same = all(content[section] == other[section] for section in ('images', 'categories'))
    return same and persons(content) == persons(other)


def _latest(parent: str) -> str:
    """The last of the folders ``1``, ``2``, ...; the first, where there is none."""
    number = 1
    while osp.isdir(osp.join(parent, str(number + 1))):
        number += 1
    return osp.join(parent, str(number))


def waiting_images(parent: str) -> int:
    """How many images have labels that nobody has handed over, see :func:`home_of`."""
    return sum(map(len, waiting_units(_latest(parent)).values()))


def home_of(parent: str, pool_file: str) -> str:
    """The folder for labels of a pool: the last one, or a new one if the pool has changed since.

    It stays the last one as long as labels in it were not handed over.

    Ids of persons are those of the pool's file, so answers to another one stay with it.

    Args:
        parent (str): Holds such folders, ``1``, ``2``, ...
        pool_file (str): The pool, as it is now.
    """
    folder, content = _latest(parent), read_json(pool_file)
    copy = osp.join(folder, POOL)
    if (
        osp.isfile(copy)
        and not same_people(read_json(copy), content)
        and not waiting_units(folder)  # else nobody would ever see them again
    ):
        folder = osp.join(parent, str(int(osp.basename(folder)) + 1))
        copy = osp.join(folder, POOL)
    if not osp.isfile(copy):
        make_folder(folder)
        write_json(copy, content, indent=None, nan_as_null=False)
    return folder


def chosen_units(pool: Pool, labelled: Dict[int, Any], names: Sequence[str], num: int) -> List[int]:
    """Units to label: those of the images that are named, else those without a label.

    Args:
        pool (Pool): The pool.
        labelled (dict): Annotation ids with a label.
        names (Sequence[str]): File names of images, or patterns such as ``'walk/*'``.
        num (int): At most so many, spread evenly; 0 for all.

    Raises:
        Missing: A name fits no image, or all units have labels.
    """
    of_image = {image['id']: image['file_name'] for image in pool.data['images']}
    unit_of = _unit_of(pool)
    unknown = [n for n in names if not any(_fits(name, n) for name in of_image.values())]
    if unknown:
        raise Missing(
            f'{pool.path}: no image is called {unknown[0]!r}; the first is '
            f'{next(iter(of_image.values()), None)!r}. Give names as they are there, or a pattern'
        )
    known = {unit_of[number] for number in labelled if number in unit_of}
    wanted = {
        unit_of[a['id']]
        for a in pool.data['annotations']
        if a['id'] in unit_of
        and (any(_fits(of_image[a['image_id']], n) for n in names) if names else True)
    }
    units = [u for u in pool.units.tolist() if u in wanted and (names or u not in known)]
    if not units:
        raise Missing(
            f'{pool.path}: all {pool.unit} have a label. Name the images whose labels should '
            "change: --images 'NAME'"
        )
    if num and num < len(units):
        units = [units[i] for i in np.linspace(0, len(units) - 1, num).round().astype(int)]
    return units


def _fits(name: str, wanted: str) -> bool:
    """Whether a file name is the one that is wanted; brackets may be part of a name."""
    return name == wanted or fnmatch(name, wanted)


def _unit_of(pool: Pool) -> Dict[int, int]:
    """Annotation id -> unit, of the persons that may be asked about."""
    from ...datasets.splits import instance_units

    known = instance_units(pool.data, pool.unit).items()
    return {number: u for number, u in known if u is not None and number in pool.persons}


def ask(
    folder: str,
    unit: str,
    images: str,
    image_folders: Sequence[str] = (),
    names: Sequence[str] = (),
    num: int = 0,
) -> Query:
    """The query to go on with: the one that was begun, else a new one.

    Args:
        folder (str): Of :func:`home_of`.
        unit (str): What is labelled at once: ``'frames'`` of a rig, ``'images'``.
        images (str): Folder that the pool's file names start from.
        image_folders (Sequence[str]): Others that they may lead to.
        names, num: See :func:`chosen_units`; where they are given, the query is a new one.

    Raises:
        Missing: There is nothing to label, or other labels wait for being handed over.
        ValueError: The pool's file cannot be read.
    """
    before = latest_query(folder)
    pool = load_pool(osp.join(folder, POOL), unit, on_bad='skip')
    labelled = _labelled(folder, pool)
    if before is not None:
        waiting = len(waiting_units(folder).get(before.round, ()))
        if waiting and (names or num):
            raise Missing(
                f'{unit} with labels that were not handed over: {waiting}. Start without --num and '
                '--images, and press Units, Finish, Hand over; then ask for others'
            )
        if waiting or (not names and not num and unfinished(before, folder)):
            _put_there(folder, before, labelled)
            return before
    units = chosen_units(pool, labelled, names, num)
    number = 0 if before is None else before.round + 1
    root, others = osp.abspath(images), [osp.abspath(each) for each in image_folders]
    content = build_query(pool, number, units, [0.0] * len(units), None, 20.0, 'none', root, others)
    query = write_query(content, folder, (), f'{len(units)} {unit} to label in the browser.\n')
    _put_there(folder, query, labelled)
    return query


def _put_there(folder: str, query: Query, labelled: Dict[int, Any]) -> None:
    """Let people begin from the labels that there are, not from nothing.

    Units that have an event are left as they are, so what a kill cut off can be done again.
    """
    cells: Dict[int, List[list]] = {}
    for entry in query.annotations.values():
        points = np.reshape(labelled.get(entry['id'], ()), (-1, 3))
        for joint, (x, y, v) in enumerate(np.asarray(points, np.float64).tolist()):
            if v > 0:
                cells.setdefault(entry['unit'], []).append([entry['id'], joint, x, y, int(v)])
    journal = Journal(Paths(folder).label_journal(query.round), query)
    known = {event.get('unit') for event in journal.events}
    for unit, given in cells.items():
        if unit not in known:
            journal.append(dict(op=COPY, who='', unit=unit, cells=given))


def _labelled(folder: str, pool: Pool) -> Dict[int, Any]:
    """Annotation id -> keypoints, of the pool's own labels and those given here."""
    from ..answers.kept import load_all_answers, merged, taken_back

    documents = load_all_answers(folder)
    own = {a['id']: a['keypoints'] for a in pool.data['annotations'] if labeled_joints(a)}
    for number in taken_back(documents):
        own.pop(number, None)
    return {**own, **merged(documents)}
