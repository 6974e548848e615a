"""A COCO keypoints file, or one of the multi-view format, and its images."""

import os.path as osp
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

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
from ..joining import folders_apart, once, recordings_apart, reordered
from ..registry import PROJECT_SOURCES
from ..table import Camera, Person, Shot, Table, link_name
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
            tables.append(folders_apart(read_coco(path, options), folders))
            folders.update(tables[-1].folders)
        named = [place for place, table in enumerate(tables) if table.joints is not None]
        whole = replace(tables[named[0] if named else 0], shots=[], said=[], cameras=[], folders={})
        for path, table in zip(paths, tables):
            table = recordings_apart(whole, reordered(table, whole.joints, path), path)
            whole.folders.update(table.folders)
            whole.shots += table.shots
            whole.said += table.said
            whole.cameras = list(dict.fromkeys(whole.cameras + table.cameras))
        check_labeled_once(whole, paths)
        whole.shots = once(whole.shots)
        return whole


def check_labeled_once(table: Table, paths: Sequence[str]) -> None:
    """Refuse an image that two of several files label.

    Raises:
        FormatError: There is one.
    """
    labeled = Counter(shot.file_name for shot in table.shots if shot.is_labeled)
    twice = [name for name, number in labeled.items() if number > 1]
    if twice:
        raise FormatError(
            f'{", ".join(paths)}: label {len(twice)} images twice, first {twice[0]}. Take them '
            'out of one file'
        )


def read_coco(path: str, options: Options) -> Table:
    """One file; see :class:`CocoFile`.

    Raises:
        FormatError: The file breaks its format, or its images are not found.
    """
    content = parse(read(path), path)
    data = check_multiview(content, path, on_bad='skip')
    table = Table('coco', said=_left_out(path, data))
    named = [each for each in data['categories'] if each.get('keypoints')]
    orders = joint_places(named, path)
    category = named[0] if named else None
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
    label = link_name(root)
    table.folders[label] = root
    there = set(
        without_missing(
            names, [image_path(root, name) for name in names], options, path, table.said
        )
    )
    people = defaultdict(list)
    for annotation in data['annotations']:
        people[annotation['image_id']].append(
            _person(annotation, orders.get(annotation['category_id']))
        )
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


def _left_out(path: str, data: dict) -> List[str]:
    lines = [
        f'{path}: {kind}: {len(ids)} annotations, first ids {ids[:5]}'
        for kind, ids in data['skipped'].items()
    ]
    if data['poses_3d']:
        lines.append(f'{path}: its {len(data["poses_3d"])} 3D poses are not taken along')
    return lines


def joint_places(categories: Sequence[dict], path: str) -> Dict[int, List[int]]:
    """Category -> place in it of each joint of the first one: names tell joints, not their order.

    Raises:
        FormatError: They have other joints.
    """
    first = categories[0]['keypoints'] if categories else []
    for category in categories:
        if sorted(category['keypoints'], key=repr) != sorted(first, key=repr):
            raise FormatError(
                f'{path}: its categories have other joints: {categories[0].get("name")!r} '
                f'{short(first, 200)}, {category.get("name")!r} '
                f'{short(category["keypoints"], 200)}. Make a file, and a project, of each'
            )
    return {
        category['id']: [category['keypoints'].index(name) for name in first]
        for category in categories
    }


def _person(annotation: dict, places: Optional[List[int]]) -> Person:
    values = annotation.get('keypoints')
    points = np.array(values, np.float64).reshape(-1, 3) if values else None
    if points is not None and places is not None:
        points = points[places]
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
