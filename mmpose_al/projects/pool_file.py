"""The annotation files of a project: the pool, and what is held out of it for validation."""

import math
import os.path as osp
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

import numpy as np

from ..datasets.format import FORMAT, VERSION, check_multiview
from ..fileio import read_json, sha256
from .skeleton import Skeleton
from .table import Camera, Person, Shot, Table

# Held out are whole recordings where there are so many with labels.
SEQUENCES = 4


def held_out_before(path: str) -> Optional[Set[str]]:
    """File names of the images that an earlier run held out; None if there was none."""
    if not osp.isfile(path):
        return None
    return {image['file_name'] for image in read_json(path)['images']}


def hold_out(shots: Sequence[Shot], share: float, seed: int = 0) -> Set[str]:
    """File names of the labelled images that validate.

    Neighbours in a video are alike, so whole recordings are held out where at least four
    have labels, in an order that a hash of their names gives. Else the last labelled frames of
    each recording are; images that are no recording are chosen by a hash of their names.

    Args:
        shots (Sequence[Shot]): Of a project.
        share (float): Of the labelled images, 0 to below 1. At least one image stays on
            each side.
        seed (int): Of the hashes.
    """
    labeled = [shot for shot in shots if shot.is_labeled]
    wanted = min(len(labeled) - 1, math.ceil(share * len(labeled)))
    if wanted < 1 or share <= 0:
        return set()
    groups: Dict[Optional[str], List[Shot]] = {}
    for shot in labeled:
        groups.setdefault(shot.sequence, []).append(shot)
    if None not in groups and len(groups) >= SEQUENCES:
        return _whole_sequences(groups, wanted, len(labeled), seed)
    chosen: Set[str] = set()
    for sequence, group in groups.items():
        place: Dict[str, Any] = {
            shot.file_name: _hash(seed, shot.file_name) if sequence is None else shot.index
            for shot in group
        }
        order = sorted(set(place.values()))
        number = max(1, round(share * len(order))) if len(order) > 1 else 0
        last = set(order[len(order) - number :])
        chosen |= {shot.file_name for shot in group if place[shot.file_name] in last}
    return chosen


def _whole_sequences(groups: Dict[Any, List[Shot]], wanted: int, total: int, seed: int) -> Set[str]:
    chosen: Set[str] = set()
    for name in sorted(groups, key=lambda name: _hash(seed, name)):
        if len(chosen) >= wanted:
            break
        if len(chosen) + len(groups[name]) < total:
            chosen |= {shot.file_name for shot in groups[name]}
    return chosen


def _hash(seed: int, name: str) -> str:
    return sha256(f'{seed}:{name}'.encode())


def pool_content(table: Table, shots: Sequence[Shot], skeleton: Skeleton, description: str) -> dict:
    """An annotation file in the multi-view format, checked.

    Args:
        table (Table): Of the sources.
        shots (Sequence[Shot]): Its images that the file gets.
        skeleton (Skeleton): The joints.
        description (str): Goes to ``info``, and into messages.

    Raises:
        FormatError: The content breaks the format.
    """
    cameras = {camera: number for number, camera in enumerate(table.cameras, 1)}
    frames = _frames(table.shots)
    images: List[dict] = []
    annotations: List[dict] = []
    for number, shot in enumerate(shots, 1):
        images.append(_image(shot, number, frames, cameras))
        for person in shot.people:
            annotations.append(_annotation(person, len(annotations) + 1, number))
    content = dict(
        info=dict(format=FORMAT, version=VERSION, world_unit='mm', description=description),
        categories=[_category(table, skeleton)],
        cameras=[_camera(camera, number) for camera, number in cameras.items()],
        frames=_frame_entries(shots, frames),
        images=images,
        annotations=annotations,
        poses_3d=[],
    )
    check_multiview(content, description, len(skeleton.joints))
    return content


def _image(shot: Shot, number: int, frames: Dict[Any, int], cameras: Dict[Camera, int]) -> dict:
    width, height = shot.size
    entry = dict(shot.extra, id=number, file_name=shot.file_name, width=width, height=height)
    if shot.sequence is not None:
        entry['frame_id'] = frames[shot.sequence, shot.index]
    if shot.camera is not None:
        entry['camera_id'] = cameras[shot.camera]
    return entry


def _annotation(person: Person, number: int, image: int) -> dict:
    box = [float(value) for value in person.bbox or ()]
    entry = {**dict(area=box[2] * box[3], iscrowd=0), **person.extra}
    entry.update(id=number, image_id=image, category_id=1, person_id=person.number, bbox=box)
    entry['num_keypoints'] = 0
    if person.keypoints is not None:
        rows = [[x, y, int(v)] if v > 0 else [0, 0, 0] for x, y, v in person.keypoints.tolist()]
        entry['keypoints'] = [value for row in rows for value in row]
        entry['num_keypoints'] = int(np.count_nonzero(person.keypoints[:, 2] > 0))
    return entry


def _category(table: Table, skeleton: Skeleton) -> dict:
    place = {name: index for index, name in enumerate(skeleton.joints, 1)}
    return dict(
        id=1,
        name=table.notes.get('category', 'person'),
        keypoints=skeleton.joints,
        skeleton=[[place[a], place[b]] for a, b in skeleton.links],
    )


def _camera(camera: Camera, number: int) -> dict:
    width, height = camera.size
    return dict(
        id=number,
        name=camera.name,
        width=width,
        height=height,
        K=[list(row) for row in camera.K],
        dist=list(camera.dist),
        R=[list(row) for row in camera.R],
        t=list(camera.t),
    )


def _frames(shots: Sequence[Shot]) -> Dict[Tuple[str, int], int]:
    """(recording, number) -> id of the frame, in time's order within each recording."""
    places = {(shot.sequence, shot.index) for shot in shots if shot.sequence is not None}
    return {place: number for number, place in enumerate(sorted(places), 1)}


def _frame_entries(shots: Sequence[Shot], frames: Dict[Tuple[str, int], int]) -> List[dict]:
    entries = {}
    for shot in shots:
        if shot.sequence is not None:
            number = frames[shot.sequence, shot.index]
            entries[number] = dict(
                id=number, sequence=shot.sequence, index=shot.index, time=shot.time
            )
    return [entries[number] for number in sorted(entries)]


def cameras_teach(content: Mapping[str, Any]) -> bool:
    """Whether the cameras of a pool can teach one another by multi-view bootstrapping.

    Every person is in a calibrated view of a frame, and somebody who lacks a label in one of them
    is in two.
    """
    of_image = {image['id']: image for image in content['images']}
    views: Dict[Tuple[Any, Any], int] = {}
    without = set()
    for entry in content['annotations']:
        image = of_image[entry['image_id']]
        if image.get('camera_id') is None or image.get('frame_id') is None:
            return False
        key = image['frame_id'], entry.get('person_id') or 0
        views[key] = views.get(key, 0) + 1
        if not entry.get('num_keypoints'):
            without.add(key)
    return any(views[key] > 1 for key in without)
