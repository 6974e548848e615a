"""Which annotations count as labelled: split files, and choosing by seed.

The published protocols differ: Xie21 labels person instances, Yu24 images; a rig's
frames are labelled in all their views at once.
"""

import hashlib
import os.path as osp
from typing import Dict, List, Optional

from ..fileio import is_int, parse_json, read_bytes, sha256
from .format import VERSION, FormatError, check_multiview, is_labeled, parse, read

SPLIT_FORMAT = 'mmpose_al-split'
SPLIT_UNITS = ('instances', 'images', 'frames')
SPLIT_MODES = ('random', 'first')


def load_split(path: str) -> dict:
    """Read and check a split file of ``mmpose-al split``.

    Returns:
        dict: ``unit`` (str), ``sha256`` (str) of the annotation file,
        ``labeled`` (list of int ids of that unit), ``mode``, ``seed``,
        ``source``.

    Raises:
        FormatError: It is no split file.
    """
    split = parse(read(path), path)
    if not isinstance(split, dict) or split.get('format') != SPLIT_FORMAT:
        raise FormatError.at(
            path,
            'file',
            'format',
            f'is not "{SPLIT_FORMAT}"',
            'write the split with `mmpose-al split`',
        )
    if split.get('version') != VERSION:
        raise FormatError.at(
            path,
            'file',
            'version',
            f'is {split.get("version")!r}, this reader knows {VERSION}',
            'write the split again',
        )
    if split.get('unit') not in SPLIT_UNITS:
        raise FormatError.at(
            path,
            'file',
            'unit',
            f'is {split.get("unit")!r}',
            f'it is one of {", ".join(SPLIT_UNITS)}',
        )
    labeled = split.get('labeled')
    if not isinstance(labeled, list) or not all(map(is_int, labeled)):
        raise FormatError.at(
            path, 'file', 'labeled', 'is not a list of integer ids', 'write the split again'
        )
    if len(set(labeled)) != len(labeled):
        raise FormatError.at(path, 'file', 'labeled', 'names an id twice', 'write the split again')
    return split


def check_split_source(split: dict, split_path: str, path: str, raw: bytes) -> None:
    """Raise FormatError unless the split was made from these bytes."""
    if split.get('sha256') != sha256(raw):
        raise FormatError.at(
            split_path,
            'file',
            'sha256',
            f'is not that of {path}: the split was '
            f'made from {split.get("source")!r}, or the file has changed since',
            'make the split again from this file, or set check_split=False if '
            'its ids still mean the same',
        )


def split_instances(split: dict, data: dict, split_path: str, path: str) -> set:
    """Ids of the annotations that a split labels.

    For the unit ``images`` all annotations of the labelled images, for
    ``frames`` all annotations of the frames' images.
    """
    units = instance_units(data, split['unit'])
    if split['unit'] == 'instances':
        known = {annotation['id'] for annotation in data['annotations']}
        known.update(i for ids in data.get('skipped', {}).values() for i in ids)
    else:
        known = {entry['id'] for entry in data[split['unit']]}
    labeled = set(split['labeled'])
    unknown = sorted(labeled - known)
    if unknown:
        raise FormatError.at(
            split_path,
            'file',
            'labeled',
            f'{len(unknown)} of {len(labeled)} ids '
            f'are no {split["unit"]} of {path}: {unknown[:5]} ...',
            'make the split again from this file',
        )
    return {annotation for annotation, unit in units.items() if unit in labeled}


def instance_units(data: dict, unit: str) -> Dict[int, Optional[int]]:
    """Annotation id -> id of the instance, image or frame it belongs to."""
    if unit == 'instances':
        return {a['id']: a['id'] for a in data['annotations']}
    if unit == 'images':
        return {a['id']: a['image_id'] for a in data['annotations']}
    frames = {image['id']: image.get('frame_id') for image in data['images']}
    return {a['id']: frames[a['image_id']] for a in data['annotations']}


# --------------------------------------------------------------------------


def labeled_units(data: dict, unit: str) -> List[int]:
    """Ids of the instances, images or frames with a label, in file order.

    An instance has a label if one of its keypoints has v > 0, it is no crowd
    region and has a box; an image or frame if one of its instances does.
    """
    units = instance_units(data, unit)
    labeled = {
        units[annotation['id']]
        for annotation in data['annotations']
        if annotation.get('bbox') is not None and is_labeled(annotation)
    }
    section = 'annotations' if unit == 'instances' else unit
    return [entry['id'] for entry in data[section] if entry['id'] in labeled]


def choose(ids: List[int], mode: str, num: int, seed: int, what: str = 'units') -> List[int]:
    """``num`` of the ids, sorted.

    ``random`` takes those with the smallest hash of (seed, id). So the choice
    does not depend on the order of the file or on any library's version, and
    of one seed the smaller choices are part of the larger ones.
    """
    if num <= 0:
        raise ValueError(f'num is {num}; label at least one of the {len(ids)} {what}')
    if num > len(ids):
        raise ValueError(f'num is {num}, but there are only {len(ids)} {what}')
    if mode == 'random':
        ids = sorted(ids, key=lambda i: hashlib.sha256(f'{seed}:{i}'.encode()).digest())
    return sorted(ids[:num])


def chosen_labels(
    data: dict,
    unit: str,
    num: Optional[int] = None,
    mode: str = 'random',
    seed: int = 0,
    path: str = 'the file',
) -> List[int]:
    """Sorted ids of the ``num`` units of a checked file that count as labelled.

    Args:
        data (dict): From :func:`~mmpose_al.datasets.format.check_multiview`.
        unit (str): ``'instances'``, ``'images'`` or ``'frames'``.
        num (int, optional): How many of those that have a label; None: all.
        mode (str): ``'random'`` by ``seed``, or the ``'first'`` of the file.

    Raises:
        ValueError: An unknown unit or mode, or ``num`` is out of range.
    """
    if unit not in SPLIT_UNITS or mode not in SPLIT_MODES:
        raise ValueError(
            f'unit is one of {SPLIT_UNITS} and mode of {SPLIT_MODES}; got {unit!r} and {mode!r}'
        )
    ids = labeled_units(data, unit)
    if num is None:
        return sorted(ids)
    return choose(ids, mode, num, seed, f'{unit} of {path} with a labelled keypoint')


def make_split(
    ann_file: str, unit: str, mode: str, num: int, seed: int = 0, on_bad: str = 'raise'
) -> dict:
    """The content of a split file.

    Raises:
        ValueError: ``num`` is not between 1 and the number of units that have
            a label, or the annotation file breaks its format.
    """
    raw = read_bytes(ann_file)
    data = check_multiview(parse_json(raw, ann_file), ann_file, on_bad=on_bad)
    return dict(
        format=SPLIT_FORMAT,
        version=VERSION,
        source=osp.basename(ann_file),
        sha256=sha256(raw),
        unit=unit,
        mode=mode,
        seed=seed if mode == 'random' else None,
        labeled=chosen_labels(data, unit, num, mode, seed, ann_file),
    )
