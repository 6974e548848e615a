"""A COCO keypoints file, or one of the multi-view format, and its images."""

import os.path as osp
from collections import defaultdict
from dataclasses import replace
from itertools import chain, count
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from ...datasets.format import (
    FORMAT,
    FormatError,
    camera_name,
    check_multiview,
    parse,
    read,
    skeleton_edges,
)
from ...datasets.image_paths import image_path
from ...datasets.images import DeclaredImage, check_image_file
from ...fileio import FileError, read_json, short
from ..registry import PROJECT_SOURCES
from ..table import Camera, Person, Shot, Table
from .base import Options, ProjectSource, shown_size, without_missing

KEPT_OF_PERSONS = ('iscrowd', 'area', 'segmentation', 'score')
KEPT_OF_IMAGES = ('license', 'coco_url', 'flickr_url', 'date_captured')


@PROJECT_SOURCES.register_module(name='coco')
class CocoFile(ProjectSource):
    """Labelled persons, and boxes of persons without labels; an image may have several."""

    order = 40
    looks = 'a COCO keypoints file (.json)'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        if not osp.isfile(path) or not path.lower().endswith('.json'):
            return False
        try:
            content = read_json(path)
        except FileError:
            return True  # reading it says what is wrong
        return isinstance(content, dict) and isinstance(content.get('images'), list)

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        tables: List[Table] = []
        folders: Dict[str, str] = {}
        for path in paths:
            tables.append(read_coco(path, options, folders))
            folders.update(tables[-1].folders)
        named = [place for place, table in enumerate(tables) if table.joints is not None]
        whole = replace(tables[named[0] if named else 0], shots=[], said=[], cameras=[], folders={})
        for path, table in zip(paths, tables):
            if table.joints is not None and whole.joints is not None:
                table = _reordered(table, whole.joints, path, paths[named[0]])
            table = _apart(whole, table, path)
            whole.folders.update(table.folders)
            whole.shots += table.shots
            whole.said += table.said
            whole.cameras = list(dict.fromkeys(whole.cameras + table.cameras))
        return whole


def _reordered(table: Table, joints: List[str], path: str, first: str) -> Table:
    """The table with its joints in the order of another file.

    Raises:
        FormatError: They are others.
    """
    if table.joints == joints:
        return table
    if table.joints is None or sorted(table.joints) != sorted(joints):
        raise FormatError(
            f'{path}: its joints are {short(table.joints, 200)}, those of {first} '
            f'{short(joints, 200)}. Make a project of each'
        )
    places = [table.joints.index(name) for name in joints]
    shots = [
        shot._replace(
            people=[
                person
                if person.keypoints is None
                else person._replace(keypoints=person.keypoints[places])
                for person in shot.people
            ]
        )
        for shot in table.shots
    ]
    said = [*table.said, f'{path}: its joints are in another order than those of {first}']
    return replace(table, joints=joints, shots=shots, said=said)


def _apart(whole: Table, table: Table, path: str) -> Table:
    """The table whose recordings have other names than other recordings before it.

    Files may hold frames, or views, of one recording. Not one are two recordings of which a
    view shows other images at the same time, or has its images in another folder.
    """

    def views(shots: Sequence[Shot]) -> Dict[Any, Dict[Any, Shot]]:
        found: Dict[Any, Dict[Any, Shot]] = {}
        for shot in shots:
            camera = None if shot.camera is None else shot.camera.name
            found.setdefault((shot.sequence, camera), {})[shot.index] = shot
        return found

    before = views([shot for shot in whole.shots if shot.sequence is not None])
    others = set()
    for (sequence, camera), seen in views(table.shots).items():
        known = before.get((sequence, camera), {})
        elsewhere = known and not set(table.folders) & {_folder(shot) for shot in known.values()}
        at_once = any(i in known and known[i].file_name != seen[i].file_name for i in seen)
        if elsewhere or at_once:
            others.add(sequence)
    if not others:
        return table
    taken = {shot.sequence for shot in [*whole.shots, *table.shots]}
    names = {}
    for sequence in sorted(others):
        stem = f'{osp.splitext(osp.basename(path))[0]}_{sequence}'
        free = (name for name in chain([stem], (f'{stem}_{n}' for n in count(2))))
        names[sequence] = next(name for name in free if name not in taken)
        taken.add(names[sequence])
    lines = [
        f'{path}: its recording {old!r} is another one than that of this name before it, and is '
        f'called {new!r}'
        for old, new in names.items()
    ]
    shots = [
        shot._replace(sequence=names.get(shot.sequence, shot.sequence)) for shot in table.shots
    ]
    return replace(table, shots=shots, said=[*table.said, *lines])


def _folder(shot: Shot) -> str:
    return shot.file_name.split('/')[0]


def read_coco(path: str, options: Options, taken: Mapping[str, str]) -> Table:
    """One file; see :class:`CocoFile`.

    Args:
        path (str): The file.
        options (Options): Of the command.
        taken (Mapping): Name below ``images`` -> folder, of the files before it.

    Raises:
        FormatError: The file breaks its format, or its images are not found.
    """
    content = parse(read(path), path)
    data = check_multiview(content, path, on_bad='skip')
    table = Table('coco', said=_left_out(path, data))
    category = next((c for c in data['categories'] if c.get('keypoints')), None)
    if category is not None:
        table.joints = list(category['keypoints'])
        limbs = skeleton_edges(category, path)
        table.links = [(table.joints[a - 1], table.joints[b - 1]) for a, b in limbs]
        table.notes['category'] = category.get('name', 'person')
    multiview = data['info'].get('format') == FORMAT
    cameras = {camera['id']: _camera(camera) for camera in data['cameras']} if multiview else {}
    table.cameras = list(dict.fromkeys(cameras.values()))
    names = [image['file_name'] for image in data['images']]
    root = find_images(path, names, options)
    label = _link(root, taken)
    table.folders[label] = root
    there = set(
        without_missing(
            names, [image_path(root, name) for name in names], options, path, table.said
        )
    )
    people = defaultdict(list)
    for annotation in data['annotations']:
        people[annotation['image_id']].append(_person(annotation))
    places = _places(data, cameras)
    for place, image in enumerate(data['images']):
        if place in there:
            name = image['file_name'].replace('\\', '/')
            size = (int(image['width']), int(image['height']))
            check_size(image_path(root, image['file_name']), size, path)
            table.shots.append(
                Shot(
                    f'{label}/{name}',
                    size,
                    **places.get(image['id'], {}),
                    people=people[image['id']],
                    extra={key: image[key] for key in KEPT_OF_IMAGES if key in image},
                )
            )
    return table


def check_size(image: str, size: Tuple[int, int], file: str) -> None:
    """Compare an image with the size that a file declares, by the image's header.

    Raises:
        FormatError: It has another size, or cannot be read.
    """
    shown_size(image)  # says what is wrong with it
    check_image_file(image, DeclaredImage(size, file, exif='shown'))


def find_images(path: str, names: Sequence[str], options: Options) -> str:
    """The folder that the file names of a COCO file start from.

    Looked for are the folder of the file, one called ``images`` or as the file beside it, and
    the same one folder above.

    Raises:
        FormatError: None holds one of the first images.
    """
    home = osp.dirname(osp.abspath(path))
    stem = osp.splitext(osp.basename(path))[0]
    words = [home, osp.dirname(home)]
    folders = [options.images] if options.images else []
    if not options.images:
        for word in words:
            folders += [word, osp.join(word, 'images'), osp.join(word, stem.split('_')[-1])]
    for folder in folders:
        if any(osp.isfile(image_path(folder, name)) for name in names[:20]):
            return osp.abspath(folder)
    if not names:
        return home
    raise FormatError(
        f'{path}: its images, such as {names[0]}, are not in {", ".join(folders)}. Name the '
        'folder that file_name starts from: --images FOLDER'
    )


def _link(root: str, taken: Mapping[str, str]) -> str:
    """Name of a folder of images below ``images``: its own, or with the folder above before it.

    Raises:
        FormatError: Other folders have both names.
    """
    name = osp.basename(root) or 'images'
    names = [name, f'{osp.basename(osp.dirname(root))}_{name}']
    free = [each for each in names if taken.get(each, root) == root]
    if not free:
        raise FormatError(f'{root}: another image folder is called {name!r}, too. Rename one')
    return free[0]


def _left_out(path: str, data: dict) -> List[str]:
    lines = [
        f'{path}: {kind}: {len(ids)} annotations, first ids {ids[:5]}'
        for kind, ids in data['skipped'].items()
    ]
    if data['poses_3d']:
        lines.append(f'{path}: its {len(data["poses_3d"])} 3D poses are not taken along')
    return lines


def _person(annotation: dict) -> Person:
    values = annotation.get('keypoints')
    points = np.array(values, np.float64).reshape(-1, 3) if values else None
    return Person(
        points,
        annotation.get('bbox'),
        annotation.get('person_id') or 0,
        {key: annotation[key] for key in KEPT_OF_PERSONS if annotation.get(key) is not None},
    )


def _camera(camera: dict) -> Camera:
    size = (camera['width'], camera['height'])
    return Camera.of({**camera, 'name': camera_name(camera), 'size': size})


def _places(data: dict, cameras: Dict[int, Camera]) -> Dict[int, Dict[str, Any]]:
    """Image id -> recording, number of the frame, time and camera, as fields of a ``Shot``."""
    frames = {frame['id']: frame for frame in data['frames']}
    return {
        image['id']: dict(
            sequence=frames[image['frame_id']]['sequence'],
            index=frames[image['frame_id']]['index'],
            time=frames[image['frame_id']].get('time'),
            camera=cameras.get(image.get('camera_id')),
        )
        for image in data['images']
        if image.get('frame_id') is not None
    }
