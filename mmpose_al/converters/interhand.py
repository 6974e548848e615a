"""InterHand2.6M (Moon et al., ECCV 2020).

``InterHand2.6M_<split>_data.json`` (images, boxes, which joints are valid),
``..._camera.json`` (per capture: campos in mm, camrot, focal, princpt) and
``..._joint_3d.json`` (per capture and frame: 42 joints in world mm);
x_cam = camrot (X - campos). There are no 2D keypoints: they are projections.
"""

from collections import OrderedDict
from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from ..datasets.format import FormatError
from .common import Part, Task, digest, keypoints_of, load_json, view_pixels

METAINFO = 'configs/_base_/datasets/interhand3d.py'
JOINTS = 42
FIELDS = dict(
    images=('id', 'file_name', 'width', 'height', 'capture', 'seq_name', 'camera', 'frame_idx'),
    annotations=('image_id', 'bbox', 'joint_valid'),
)


def make_tasks(
    data_file: str,
    camera_file: str,
    joint_file: str,
    captures: Optional[Sequence[str]] = None,
    cameras: Optional[Sequence[str]] = None,
    num_cameras: Optional[int] = None,
    step: int = 1,
) -> List[Task]:
    """One task for each sequence of each capture.

    Args:
        captures (list[str], optional): Captures to take; None takes all. Feng23
            takes 10 for training, 1 for validation, 1 for test, and does not
            name them.
        cameras (list[str], optional): Names of the cameras to take.
        num_cameras (int, optional): Take that many, far from one another (see
            :func:`distant`); Feng23 has 16 for training, 32 for test.
        step (int): Take every n-th frame of a sequence (the 5 fps release is
            already that of the paper).
    """
    data = load_json(data_file)
    calibration, joints = load_json(camera_file), load_json(joint_file)
    _check_fields(data, data_file)
    if captures is not None:
        captures = _present_captures(data, data_file, captures)
    persons = _persons(data, data_file)
    groups = OrderedDict()
    for image in data['images']:
        if captures is None or str(image['capture']) in captures:
            key = (str(image['capture']), image['seq_name'])
            groups.setdefault(key, []).append(image)
    chosen = {}
    for capture in {capture for capture, _ in groups}:
        used = {
            str(image['camera'])
            for key, images in groups.items()
            if key[0] == capture
            for image in images
        }
        chosen[capture] = _choose(camera_file, calibration, capture, used, cameras, num_cameras)

    def task(capture, name, images):
        arguments = (
            f'Capture{capture}/{name}',
            images,
            [persons.get(image['id']) for image in images],
            calibration[capture],
            joints.get(capture, {}),
            chosen[capture],
            step,
            (data_file, camera_file, joint_file),
        )
        mine = {str(image['frame_idx']) for image in images}
        inputs = digest(
            arguments[:4], chosen[capture], step, {k: arguments[4].get(k) for k in mine}
        )
        return Task(arguments[0], inputs, lambda: convert_sequence(*arguments))

    return [task(*key, groups[key]) for key in groups]


def _check_fields(data: dict, path: str) -> None:
    """Refuse what is not the ``..._data.json`` of a release."""
    remedy = 'give the ..._data.json of the release'
    for section in ('images', 'annotations'):
        if not isinstance(data, dict) or section not in data:
            raise FormatError.at(path, 'file', section, 'is missing', remedy)
        for index, entry in enumerate(data[section]):
            missing = [field for field in FIELDS[section] if field not in entry]
            if missing:
                place = f'{section}[{index}]'
                raise FormatError.at(path, place, missing[0], 'is missing', remedy)


def _present_captures(data: dict, path: str, captures: Sequence[str]) -> Set[str]:
    """The captures as a set; each has images."""
    present = sorted({str(image['capture']) for image in data['images']})
    for capture in captures:
        if str(capture) not in present:
            raise FormatError(
                f'{path}: has no capture {capture}. There are '
                f'{", ".join(present)}; correct --captures.'
            )
    return {str(capture) for capture in captures}


def _persons(data: dict, path: str) -> Dict[int, dict]:
    """The annotation of each image, by the image's id."""
    persons = {}
    for index, annotation in enumerate(data['annotations']):
        if annotation['image_id'] in persons:
            problem = f'{annotation["image_id"]} has two annotations'
            raise _damaged(path, f'annotations[{index}]', 'image_id', problem)
        persons[annotation['image_id']] = annotation
    return persons


def convert_sequence(
    sequence: str,
    images: List[dict],
    persons: List[dict],
    calibration: dict,
    joints: dict,
    names: Sequence[str],
    step: int,
    files: Sequence[str],
) -> Part:
    """Convert one sequence of one capture.

    A joint is known where the 3D file says so, and labelled in an image where
    the data file says so too and it lies inside the image. Boxes are the data
    set's own.
    """
    data_file, camera_file, joint_file = files
    part, cameras = Part(), {}
    numbers = sorted({int(image['frame_idx']) for image in images})[::step]
    poses = _read_poses(part, joint_file, sequence, joints, numbers)
    rows = []
    for image, person in zip(images, persons):
        name, number = str(image['camera']), int(image['frame_idx'])
        if name not in names or number not in poses:
            continue
        size = (image['width'], image['height'])
        if name not in cameras:
            cameras[name] = part.add_camera(
                name, size, *_camera(camera_file, sequence, calibration, name)
            )
        _check_size(data_file, sequence, image, part.cameras[cameras[name]])
        rows.append((image, person, cameras[name], number))
    if not rows:
        return part
    subject = str(rows[0][0].get('subject', '')) or None
    ids = _add_frames(part, sequence, subject, poses, sorted({row[3] for row in rows}))
    points = np.array([points for points, _ in poses.values()])
    pixels, shown = view_pixels(points, part.cameras)
    row_of = {number: row for row, number in enumerate(poses)}
    for image, person, camera, number in rows:
        place = (camera, row_of[number])
        _add_image(part, image, person, ids[number], camera, pixels[place], shown[place])
    return part


def _read_poses(
    part: Part, path: str, sequence: str, joints: dict, numbers: Sequence[int]
) -> Dict[int, Tuple[np.ndarray, np.ndarray]]:
    """By frame: points (42, 3) in world mm, NaN where not known, and which are known."""
    poses = OrderedDict()
    for number in numbers:
        entry = joints.get(str(number))
        if entry is None:
            part.skip('frames without 3D joints')
            continue
        world = np.array(entry['world_coord'], dtype=float)
        known = np.array(entry['joint_valid']).ravel().astype(bool)
        if world.shape != (JOINTS, 3) or known.shape != (JOINTS,):
            problem = f'has shape {world.shape}, not (42, 3)'
            raise _damaged(path, f'{sequence}, frame {number}', 'world_coord', problem)
        known &= np.isfinite(world).all(axis=1)
        poses[number] = np.where(known[:, None], world, np.nan), known
    return poses


def _check_size(path: str, sequence: str, image: dict, camera: dict) -> None:
    """Refuse an image of another size than the camera's first."""
    size = (image['width'], image['height'])
    if size != (camera['width'], camera['height']):
        raise _damaged(
            path,
            f'images (id {image["id"]})',
            'width, height',
            f'is {size[0]}x{size[1]}, other images of camera {camera["name"]} in '
            f'{sequence} are {camera["width"]}x{camera["height"]}',
        )


def _add_frames(
    part: Part, sequence: str, subject: Optional[str], poses: dict, numbers: Sequence[int]
) -> Dict[int, int]:
    """Add frames with their poses; the ids by the release's numbers."""
    ids = {}
    for index, number in enumerate(numbers):
        points, known = poses[number]
        ids[number] = part.add_frame(
            sequence, index, subject=subject, action=sequence.split('/')[-1], source_frame=number
        )
        if known.any():
            part.add_pose(ids[number], 0, points, known)
        else:
            part.skip('frames without a valid 3D joint')
    return ids


def _add_image(
    part: Part,
    image: dict,
    person: Optional[dict],
    frame: int,
    camera: int,
    pixels: np.ndarray,
    shown: np.ndarray,
) -> None:
    """Add an image, and the person in it if its box is inside."""
    view = part.add_image(image['file_name'], frame, camera)
    if person is None:
        part.skip('images without an annotation')
        return
    x, y, w, h = person['bbox']
    width, height = image['width'], image['height']
    if not (min(x + w, width - 1) > max(x, 0) and min(y + h, height - 1) > max(y, 0)):
        part.skip('persons with a box outside the image')
        return
    see = shown & (np.ravel(person['joint_valid']) > 0)
    keypoints = keypoints_of(pixels, see)
    part.add_person(view, 0, person['bbox'], keypoints, hand_type=person.get('hand_type'))


def _damaged(path: str, entry: str, field: str, problem: str) -> FormatError:
    return FormatError.at(path, entry, field, problem, 'download the file again')


def distant(centers: np.ndarray, number: int) -> List[int]:
    """Indices of cameras far from one another, by farthest-point choice.

    Starts with the one farthest from the mean; then each time that whose
    nearest chosen one is farthest. Feng23 (5.1): "distantly-located".
    """
    first = np.linalg.norm(centers - centers.mean(axis=0), axis=1).argmax()
    chosen = [int(first)]
    nearest = np.linalg.norm(centers - centers[first], axis=1)
    while len(chosen) < min(number, len(centers)):
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(centers - centers[chosen[-1]], axis=1))
    return chosen


def _choose(
    path: str,
    calibration: dict,
    capture: str,
    used: set,
    names: Optional[Sequence[str]],
    number: Optional[int],
) -> List[str]:
    if capture not in calibration:
        raise FormatError.at(
            path,
            f'capture {capture}',
            'key',
            f'is missing, there are {", ".join(sorted(calibration))}',
            'give the ..._camera.json of the same split',
        )
    present = sorted(used)
    if names is not None:
        unknown = [name for name in names if name not in used]
        if unknown:
            raise FormatError(
                f'{path}: capture {capture} has no images of camera {unknown[0]}. '
                f'There are {", ".join(present)}; correct --cameras.'
            )
        present = list(names)
    if number is not None and number < len(present):
        centers = np.array([calibration[capture]['campos'][name] for name in present], dtype=float)
        present = sorted(present[i] for i in distant(centers, number))
    return present


def _camera(path: str, sequence: str, calibration: dict, name: str) -> tuple:
    """K, dist, R, t of a camera."""
    values = []
    for field, shape in (('camrot', (3, 3)), ('campos', (3,)), ('focal', (2,)), ('princpt', (2,))):
        value = np.array(calibration.get(field, {}).get(name, []), dtype=float)
        if value.shape != shape or not np.isfinite(value).all():
            raise FormatError.at(
                path,
                f'{sequence}, camera {name}',
                field,
                f'is not of shape {shape}',
                'give the ..._camera.json of the same split',
            )
        values.append(value)
    R, center, (fx, fy), (cx, cy) = values
    return [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], [], R, -R @ center
