"""The multi-view format: reading and checking (``docs/multiview_format.md``).

The format is COCO keypoints JSON plus cameras, frames and 3D poses. A plain COCO file
is a valid file. :func:`check_structure` refuses whatever makes the file's references
meaningless (ids, cameras, frames, poses); :func:`annotation_faults` lists the
annotations that cannot be used, which are an error or a counted skip.

Files have hundreds of thousands of entries, and nearly all of them are right. So each check
looks at all values of a field together first (``..._are_right``). Only where that fails it goes
entry by entry and finds the one to name.
"""

from collections import OrderedDict, defaultdict
from itertools import chain
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import numpy as np

from ..fileio import (
    FileError,
    all_numbers,
    are_numbers,
    compression,
    is_int,
    is_number,
    message,
    parse_json,
    read_checked,
    short,
    text_and_sha256,
)
from ..geometry import DIST_LENGTHS
from ..geometry.intrinsics import focal_fault
from ..geometry.lenses import other_model

FORMAT = 'mmpose_al-multiview'
VERSION = 1


class FormatError(FileError):
    """A file breaks its format. The message names file, entry, field, remedy."""


WEIGHTS = 'keypoint_weights'  # of an annotation: how much each joint counts
OUTSIDE = 'keypoints outside the image'
NO_BOX = 'labelled without a box'


class Fault(NamedTuple):
    """Why one annotation cannot be used as it is."""

    index: int
    field: str
    kind: str
    problem: str
    remedy: str


def camera_names(data: Mapping[str, Any]) -> Dict[Any, str]:
    """Id of a camera -> its name; one that moves has an entry for each image, of one name."""
    return {camera['id']: camera_name(camera) for camera in data.get('cameras', ())}


def load_multiview(
    path: str,
    num_joints: Optional[int] = None,
    on_bad: str = 'raise',
    box_from_keypoints: bool = False,
) -> dict:
    """Read and check a multi-view or plain COCO file.

    Args:
        path (str): The JSON file.
        num_joints (int, optional): The number of joints K that its user
            expects; None accepts the file's own.
        on_bad (str): ``'raise'`` or ``'skip'`` bad annotations, see
            :class:`MultiViewCocoDataset`.
        box_from_keypoints (bool): Whether a labelled person without a box gets
            that of its labelled joints.

    Returns:
        dict: ``info`` (dict); ``images``, ``annotations``, ``categories``,
        ``cameras``, ``frames``, ``poses_3d`` (lists of the file's entries,
        empty where the file has none), with ``K`` (3, 3), ``R`` (3, 3), ``t``
        (3,), ``dist`` (n,) and ``keypoints_3d`` (K, 4) as float64 arrays;
        ``skipped`` (dict: kind of fault -> annotation ids). Labelled persons without a
        box stay in ``annotations`` and are counted there, whatever ``on_bad``.

    Raises:
        FormatError: Naming file, entry, field and remedy.
    """
    return check_multiview(parse(read(path), path), path, num_joints, on_bad, box_from_keypoints)


def check_multiview(
    data: dict,
    path: str,
    num_joints: Optional[int] = None,
    on_bad: str = 'raise',
    box_from_keypoints: bool = False,
) -> dict:
    """Check a parsed file; arguments and result of :func:`load_multiview`."""
    data = check_structure(data, path, num_joints)
    _check_has_categories(data, path)
    data['skipped'] = OrderedDict()
    data = _without_bad(data, annotation_faults(data, num_joints), path, on_bad)
    if box_from_keypoints:
        sizes = {image['id']: (image['width'], image['height']) for image in data['images']}
        data['annotations'] = [_with_box(a, *sizes[a['image_id']]) for a in data['annotations']]
    persons = _categories_of_persons(data['categories'])
    data['categories'] = [c for c in data['categories'] if c['id'] in persons]
    data['annotations'] = [a for a in data['annotations'] if a['category_id'] in persons]
    no_box = [a['id'] for a in data['annotations'] if a.get('bbox') is None and is_labeled(a)]
    if no_box:
        data['skipped'][NO_BOX] = no_box
    return data


def _without_bad(data: dict, faults: List[Fault], path: str, on_bad: str) -> dict:
    """The file without its bad annotations, which ``skipped`` counts; or an error."""
    if not faults:
        return data
    if on_bad == 'raise':
        first = faults[0]
        more = f' ({len(faults) - 1} more such faults.)' if faults[1:] else ''
        raise FormatError(
            message(
                path,
                _entry('annotations', first.index, data['annotations']),
                first.field,
                first.problem,
                first.remedy + '; or read with on_bad="skip"',
            )
            + more
        )
    dropped = set()
    for fault in faults:
        annotation = data['annotations'][fault.index]
        data['skipped'].setdefault(fault.kind, []).append(annotation['id'])
        if fault.kind != OUTSIDE:
            dropped.add(fault.index)
    images = {image['id']: image for image in data['images']}
    annotations = []
    outside = {f.index for f in faults if f.kind == OUTSIDE}
    for index, annotation in enumerate(data['annotations']):
        if index in dropped:
            continue
        if index in outside:
            annotation = _without_outside(annotation, images[annotation['image_id']])
        annotations.append(annotation)
    data['annotations'] = annotations
    return data


def check_structure(data: dict, path: str, num_joints: Optional[int] = None) -> dict:
    """Check ids, references, cameras, frames and poses; faults always raise.

    Returns:
        dict: A shallow copy with every list present and cameras and poses as
        arrays (see :func:`load_multiview`).
    """
    if not isinstance(data, dict):
        raise FormatError(
            f'{path}: holds a {type(data).__name__}, not an object '
            'with "images" and "annotations". Give the annotation '
            'file of a COCO or multi-view data set.'
        )
    out = dict(data, info=_info(data, path), **_sections(data, path))
    ids = {
        section: _unique_ids(out[section], section, path)
        for section in ('images', 'annotations', 'categories', 'cameras', 'frames')
    }
    _check_categories(out['categories'], path, num_joints)
    out['cameras'] = [
        _check_camera(camera, _entry('cameras', i, out['cameras']), path)
        for i, camera in enumerate(out['cameras'])
    ]
    _check_frames(out['frames'], path)
    _check_images(out, ids, path)
    _check_references(out, ids, path)
    out['poses_3d'] = _check_poses(out, ids, path, num_joints)
    return out


def _info(data: dict, path: str) -> dict:
    """The file's ``info``, whose version and unit this reader knows."""
    info = data.get('info') or {}
    if not isinstance(info, dict):
        raise FormatError.at(
            path, 'file', 'info', f'is {short(info)}, not an object', 'write {...}, or leave it out'
        )
    if info.get('format') != FORMAT:
        return info
    if info.get('version') != VERSION:
        raise FormatError.at(
            path,
            'info',
            'version',
            f'is {short(info.get("version"))}, this reader knows version {VERSION}',
            'update mmpose_al or convert the file',
        )
    if info.get('world_unit', 'mm') != 'mm':
        raise FormatError.at(
            path,
            'info',
            'world_unit',
            f'is {short(info["world_unit"])}',
            'convert t and keypoints_3d to millimetres and write "mm"',
        )
    return info


def _sections(data: dict, path: str) -> Dict[str, list]:
    """The file's lists of objects, empty where it has none."""
    for section in ('images', 'annotations'):
        if section not in data:
            raise FormatError.at(
                path, 'file', section, 'is missing', 'add the list, which may be empty'
            )
    out = {}
    for section in ('images', 'annotations', 'categories', 'cameras', 'frames', 'poses_3d'):
        out[section] = data.get(section) or []
        if not isinstance(out[section], list) or not all(
            issubclass(kind, dict) for kind in _kinds(out[section])
        ):
            raise FormatError.at(
                path, 'file', section, 'is not a list of objects', 'write it as [{...}, ...]'
            )
    return out


def annotation_faults(data: dict, num_joints: Optional[int] = None) -> List[Fault]:
    """The annotations that cannot be used as they are, in file order.

    Boxes and keypoints are only looked at where a sample would use them: not
    in crowd regions and, for the box, only beside a labelled keypoint.
    """
    images = {image['id']: image for image in data['images']}
    joints = _joints_of_categories(data['categories'])
    persons = _categories_of_persons(data['categories'])
    right = _values_are_right(data['annotations'], joints, num_joints)
    faults, rows = [], defaultdict(list)
    for index, annotation in enumerate(data['annotations']):
        if persons and annotation['category_id'] not in persons:
            continue
        found = None
        if not right:
            found = _value_fault(annotation) or _length_fault(annotation, joints, num_joints)
        if found is None and annotation.get('keypoint_weights') is not None:
            found = _weights_fault(annotation)
        keypoints = annotation.get('keypoints')
        if found:
            faults.append(Fault(index, *found))
        elif keypoints:
            rows[len(keypoints)].append((index, keypoints))
    for length, entries in rows.items():
        nothing = [0] * length  # what is right, and what most persons of a pool have
        entries = [(i, keypoints) for i, keypoints in entries if keypoints != nothing]
        if not entries:
            continue
        index = np.array([i for i, _ in entries])
        shown = [images[data['annotations'][i]['image_id']] for i, _ in entries]
        size = np.array([(image['width'], image['height']) for image in shown])
        faults += _keypoint_faults(
            data['annotations'], index, [k for _, k in entries], length, size
        )
    return sorted(faults, key=lambda fault: (fault.index, fault.kind == OUTSIDE))


def _values_are_right(
    annotations: List[dict], joints: Dict[int, int], num_joints: Optional[int]
) -> bool:
    """Whether :func:`_value_fault` and :func:`_length_fault` find nothing in any of them."""
    boxes = [a['bbox'] for a in annotations if a.get('bbox') is not None]
    areas = [a['area'] for a in annotations if a.get('area') is not None]
    lists = [(a['category_id'], a['keypoints']) for a in annotations if a.get('keypoints')]
    if not (
        _kinds(boxes) <= {list}
        and set(map(len, boxes)) <= {4}
        and all_numbers(chain.from_iterable(boxes))
        and all_numbers(areas)
        and _among((a.get('iscrowd') for a in annotations), (None, 0, 1))
        and _kinds(a.get('keypoints') for a in annotations) <= {list, type(None)}
    ):
        return False
    lengths = {(category, len(keypoints)) for category, keypoints in lists}
    expected = [(joints.get(category, num_joints), length) for category, length in lengths]
    return all(
        length % 3 == 0 if number is None else length == 3 * number for number, length in expected
    )


def _value_fault(annotation: dict) -> Optional[Tuple[str, str, str, str]]:
    """Field, kind, problem and remedy of a box, area or crowd flag that is none."""
    box, area, crowd = (annotation.get(name) for name in ('bbox', 'area', 'iscrowd'))
    if box is not None and not are_numbers(box, 4):
        return (
            'bbox',
            'box is not four finite numbers',
            f'is {short(box)}, not four finite numbers',
            'write [x, y, width, height] in pixels',
        )
    if area is not None and not is_number(area):
        return (
            'area',
            'area is not a finite number',
            f'is {short(area)}, not a finite number',
            'write square pixels, or leave it out',
        )
    if crowd not in (None, 0, 1):
        return (
            'iscrowd',
            'iscrowd is neither 0 nor 1',
            f'is {short(crowd)}, neither 0 nor 1',
            'write 0 for a person, 1 for a crowd',
        )
    return None


def _length_fault(
    annotation: dict, joints: Dict[int, int], num_joints: Optional[int]
) -> Optional[Tuple[str, str, str, str]]:
    """Field, kind, problem and remedy of keypoints that are not three numbers a joint.

    Args:
        annotation (dict): With a category.
        joints (dict): Number of joints of each category that names them.
        num_joints (int, optional): That of the others.
    """
    keypoints = annotation.get('keypoints')
    if keypoints is None:
        return None
    if not isinstance(keypoints, (list, tuple)):
        return (
            'keypoints',
            'keypoints are not a list',
            f'is {short(keypoints)}, not a list',
            'write [x, y, v] for every joint of the category',
        )
    if len(keypoints) == 0:
        return None
    expected = joints.get(annotation['category_id'], num_joints)
    wrong = len(keypoints) % 3 if expected is None else len(keypoints) != 3 * expected
    if not wrong:
        return None
    told = f'{expected} joints need {3 * expected}' if expected else 'it must be a multiple of 3'
    return (
        'keypoints',
        'wrong number of joints',
        f'has {len(keypoints)} numbers, {told}',
        'write [x, y, v] for every joint of the category, zeros where unknown',
    )


def _weights_fault(annotation: dict) -> Optional[Tuple[str, str, str, str]]:
    """Field, kind, problem and remedy of weights that are not one from 0 to 1 a joint."""
    weights = annotation.get('keypoint_weights')
    joints = len(annotation.get('keypoints') or []) // 3
    if weights is None or (are_numbers(weights, joints) and all(0 <= w <= 1 for w in weights)):
        return None
    return (
        'keypoint_weights',
        'weights are not numbers from 0 to 1',
        f'is {short(weights)}, not {joints} numbers from 0 to 1',
        'write one for every joint: how much its label counts in training',
    )


def _keypoint_faults(
    annotations: list, index: np.ndarray, keypoints: list, length: int, size: np.ndarray
) -> List[Fault]:
    """Faults of annotations with well-shaped keypoints, all joints at once."""
    try:
        points = np.array(keypoints, dtype=np.float64).reshape(-1, length // 3, 3)
    except (TypeError, ValueError, OverflowError):
        points = np.array(
            [[v if is_number(v) else np.nan for v in row] for row in keypoints], dtype=np.float64
        )
        points = points.reshape(-1, length // 3, 3)
    finite = np.isfinite(points).all(axis=2)
    flags = np.isin(points[..., 2], (0, 1, 2))
    bad = ~(finite & flags)
    faults = []
    for row in np.flatnonzero(bad.any(axis=1)):
        joint = int(np.argmax(bad[row]))
        value = list(keypoints[row][3 * joint : 3 * joint + 3])
        if not finite[row].all():
            kind, problem = 'not finite', 'holds a number that is not finite'
        else:
            kind, problem = 'unknown visibility', 'has v outside 0, 1, 2'
        faults.append(
            Fault(
                int(index[row]),
                'keypoints',
                kind,
                f'{problem}: joint {joint} is {short(value)}',
                'write [0, 0, 0] for an unknown joint',
            )
        )
    labeled = points[..., 2] > 0
    outside = labeled & _is_outside(points, size[:, None])
    for row in np.flatnonzero(~bad.any(axis=1) & labeled.any(axis=1)):
        annotation = annotations[index[row]]
        if not annotation.get('iscrowd', 0) and annotation.get('bbox') is not None:
            faults += _place_faults(
                int(index[row]), annotation['bbox'], points[row], outside[row], size[row]
            )
    return faults


def labeled_joints(annotation: Mapping[str, Any]) -> int:
    """How many joints an annotation labels."""
    return sum(v > 0 for v in (annotation.get('keypoints') or [])[2::3])


def is_labeled(annotation: Mapping[str, Any]) -> bool:
    """Whether it is a person with a labelled joint, no crowd region."""
    return not annotation.get('iscrowd', 0) and labeled_joints(annotation) > 0


def _with_box(annotation: dict, width: int, height: int) -> dict:
    """A labelled person without a box, with that of its labelled joints if it has an area."""
    if annotation.get('bbox') is not None or not is_labeled(annotation):
        return annotation
    points = np.array(annotation['keypoints'], dtype=np.float64).reshape(-1, 3)
    labeled = points[points[:, 2] > 0, :2]
    first, last = labeled.min(0), labeled.max(0)
    box = [*first.tolist(), *(last - first).tolist()]
    return dict(annotation, bbox=box) if has_area(box, width, height) else annotation


def _place_faults(
    index: int, box: Sequence[float], points: np.ndarray, outside: np.ndarray, size: np.ndarray
) -> List[Fault]:
    """The fault of a box without an area, or of a joint outside, in an image of ``size``."""
    width, height = size
    if 0 < box[2] < 1 and 0 < box[3] < 1:
        return [
            Fault(
                index,
                'bbox',
                'box smaller than a pixel',
                f'{list(box)} is smaller than a pixel of the {width}x{height} image',
                'write pixels, not fractions of the size',
            )
        ]
    if not has_area(box, width, height):
        return [
            Fault(
                index,
                'bbox',
                'zero-area box',
                f'{list(box)} has no area inside the {width}x{height} image',
                'write [x, y, width, height] in pixels around the person',
            )
        ]
    labeled = points[points[:, 2] > 0, :2]
    if len(labeled) > 2 and (labeled >= 0).all() and (labeled <= 1).all() and (labeled % 1).any():
        return [
            Fault(
                index,
                'keypoints',
                'keypoints within one pixel',
                f'has all {len(labeled)} labelled joints within one pixel of the '
                f'{width}x{height} image, such as {labeled[0].tolist()}',
                'write pixels, not fractions of the size',
            )
        ]
    if not outside.any():
        return []
    joint = int(np.argmax(outside))
    xy = points[joint, :2].tolist()
    return [
        Fault(
            index,
            'keypoints',
            OUTSIDE,
            f'joint {joint} is labelled at {xy}, outside the {width}x{height} image',
            'set its v to 0',
        )
    ]


def has_area(box: Sequence[float], width: int, height: int) -> bool:
    """Whether a box [x, y, w, h] in pixels has an area inside its image."""
    x, y, w, h = box
    return min(x + w, width - 1) > max(x, 0) and min(y + h, height - 1) > max(y, 0)


def have_area(boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """:func:`has_area` of boxes (N, 4) in images of given sizes (w, h), (N, 2); bool (N, )."""
    first, last = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    return (np.minimum(last, sizes - 1) > np.maximum(first, 0)).all(1)


def _without_outside(annotation: dict, image: dict) -> dict:
    points = np.array(annotation['keypoints'], dtype=np.float64).reshape(-1, 3)
    size = np.array([image['width'], image['height']])
    points[_is_outside(points, size)] = 0
    return dict(
        annotation,
        keypoints=points.ravel().tolist(),
        num_keypoints=int(np.count_nonzero(points[:, 2])),
    )


def _is_outside(points: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Points (..., 3) outside images of ``size`` (w, h); broadcasts.

    Both conventions of a pixel's place (centre or corner at the integer) count
    as inside: from -0.5 to w.
    """
    xy = points[..., :2]
    return ((xy < -0.5) | (xy > size)).any(axis=-1)


def _check_categories(categories: list, path: str, num_joints: Optional[int]) -> None:
    for index, category in enumerate(categories):
        names = category.get('keypoints')
        if not names and not isinstance(names, dict):
            continue
        entry = _entry('categories', index, categories)
        if not isinstance(names, list) or any(isinstance(name, (list, dict)) for name in names):
            raise FormatError.at(
                path,
                entry,
                'keypoints',
                f'is {short(names)}, not a list of names',
                'write ["nose", ...]',
            )
        if len(set(names)) != len(names):
            raise FormatError.at(
                path, entry, 'keypoints', 'names a joint twice', 'give every joint its own name'
            )
        if num_joints is not None and len(names) != num_joints:
            raise FormatError.at(
                path,
                entry,
                'keypoints',
                f'names {len(names)} joints, the metainfo of the dataset has {num_joints}',
                'set metainfo=dict(from_file=...) to that of this data set',
            )


def _check_lens(camera: dict, K: np.ndarray, fail: Callable[[str, str, str], None]) -> None:
    """Refuse another lens model than the pinhole, and focal lengths in another unit."""
    other = other_model(camera)
    if other is not None:
        fail(
            other[0],
            f'is {short(other[1])}; the format knows no lens model but the pinhole with '
            "OpenCV's distortion",
            'undistort the images first',
        )
    size = (camera.get('width'), camera.get('height'))
    if all(is_number(side) and side > 0 for side in size):
        fault = focal_fault(K, size)
        if fault:
            fail('K', fault, 'write K in pixels of these images')


def _check_camera(camera: dict, entry: str, path: str) -> dict:
    def fail(field, problem, remedy):
        raise FormatError.at(path, entry, field, problem, remedy)

    arrays = {}
    for field, shape in (('K', (3, 3)), ('R', (3, 3)), ('t', (3,))):
        if camera.get(field) is None:
            what = 'intrinsics' if field == 'K' else 'extrinsics'
            fail(
                field,
                f'is missing (camera without {what})',
                'calibrate the camera, or leave camera_id out of its images',
            )
        arrays[field] = value = _array(camera[field])
        if value is None or value.shape != shape:
            fail(
                field,
                f'is not a {"x".join(map(str, shape))} matrix of numbers: {short(camera[field])}',
                'write nested lists',
            )
        if not np.isfinite(value).all():
            fail(field, 'holds a number that is not finite', 'recalibrate')
    K, R = arrays['K'], arrays['R']
    if not np.array_equal(K[2], [0, 0, 1]) or K[1, 0] != 0:
        fail(
            'K',
            f'is not upper triangular with last row 0 0 1: {K.tolist()}',
            'write [[fx, s, cx], [0, fy, cy], [0, 0, 1]] in pixels',
        )
    if not (K[0, 0] > 0 and K[1, 1] > 0):
        fail(
            'K',
            f'has focal lengths {K[0, 0]}, {K[1, 1]} (singular or mirrored)',
            'write positive focal lengths in pixels',
        )
    _check_lens(camera, K, fail)
    if np.abs(R @ R.T - np.eye(3)).max() > 1e-3 or np.linalg.det(R) < 0:
        fail(
            'R',
            f'is not a rotation (det {np.linalg.det(R):.4g}, R Rt differs '
            f'from 1 by {np.abs(R @ R.T - np.eye(3)).max():.3g})',
            'write the rotation of x_cam = R X + t',
        )
    dist = _array(camera.get('dist') or [])
    if dist is None or dist.ndim != 1 or len(dist) not in DIST_LENGTHS:
        fail(
            'dist',
            f'is {short(camera["dist"])}, not {DIST_LENGTHS} numbers',
            "write OpenCV's coefficients (k1 k2 p1 p2 k3 ...), or []",
        )
    if not np.isfinite(dist).all():
        fail('dist', 'holds a number that is not finite', 'recalibrate')
    _check_size(camera, entry, path)
    return dict(camera, dist=dist, **arrays)


def _check_size(entry_dict: dict, entry: str, path: str) -> None:
    for field in ('width', 'height'):
        value = entry_dict.get(field)
        if not is_number(value) or value <= 0 or value != int(value):
            raise FormatError.at(
                path, entry, field, f'is {short(value)}', 'write the size of the image in pixels'
            )


def _frames_are_right(frames: List[dict]) -> bool:
    """Whether :func:`_check_frames` finds nothing."""
    sequences, indices, times = _columns(frames, 'sequence', 'index', 'time')
    return (
        _kinds(sequences) <= {str}
        and _kinds(indices) <= {int}
        and all_numbers(time for time in times if time is not None)
        and len(set(zip(sequences, indices))) == len(frames)
    )


def _check_frames(frames: list, path: str) -> None:
    if _frames_are_right(frames):
        return
    seen = {}
    for index, frame in enumerate(frames):
        entry = _entry('frames', index, frames)
        if not isinstance(frame.get('sequence'), str):
            raise FormatError.at(
                path,
                entry,
                'sequence',
                f'is {short(frame.get("sequence"))}',
                'write the name of the recording',
            )
        if not is_int(frame.get('index')):
            raise FormatError.at(
                path,
                entry,
                'index',
                f'is {short(frame.get("index"))}',
                'write the running number of the frame in its sequence',
            )
        time = frame.get('time')
        if time is not None and not is_number(time):
            raise FormatError.at(path, entry, 'time', f'is {short(time)}', 'write seconds or null')
        key = (frame['sequence'], frame['index'])
        if key in seen:
            raise FormatError.at(
                path,
                entry,
                'index',
                f'{key} is also that of {_entry("frames", seen[key], frames)}',
                'number the frames of a sequence without repeats',
            )
        seen[key] = index


def camera_name(camera: Mapping[str, Any]) -> str:
    """A camera's name; its id where the file gives none."""
    name = camera.get('name')
    return str(camera['id'] if name is None or name == '' else name)


def _images_are_right(data: dict, ids: Dict[str, dict]) -> bool:
    """Whether :func:`_check_images` finds nothing."""
    names, widths, heights, frames, cameras = _columns(
        data['images'], 'file_name', 'width', 'height', 'frame_id', 'camera_id'
    )
    if not (
        _kinds(names) <= {str}
        and all(names)
        and _kinds(widths) | _kinds(heights) <= {int}
        and min(chain(widths, heights), default=1) > 0
        and _among(frames, (None, *ids['frames']))
        and _among(cameras, (None, *ids['cameras']))
    ):
        return False
    sizes = {camera['id']: (camera['width'], camera['height']) for camera in data['cameras']}
    shown = set(zip(cameras, widths, heights))
    views = [(f, c) for f, c in zip(frames, cameras) if f is not None and c is not None]
    return len(set(views)) == len(views) and all(
        camera is None or sizes[camera] == (width, height) for camera, width, height in shown
    )


def _check_images(data: dict, ids: Dict[str, dict], path: str) -> None:
    if _images_are_right(data, ids):
        return
    seen = {}
    for index, image in enumerate(data['images']):

        def fail(field, problem, remedy):
            raise FormatError.at(
                path, _entry('images', index, data['images']), field, problem, remedy
            )

        if not isinstance(image.get('file_name'), str) or not image['file_name']:
            fail(
                'file_name',
                f'is {short(image.get("file_name"))}',
                'write the path of the image below data_prefix',
            )
        if not (
            is_int(image.get('width'))
            and is_int(image.get('height'))
            and image['width'] > 0
            and image['height'] > 0
        ):
            _check_size(image, _entry('images', index, data['images']), path)
        frame, camera = image.get('frame_id'), image.get('camera_id')
        if frame is not None and not _refers(frame, ids['frames']):
            fail(
                'frame_id',
                f'{short(frame)} is not the id of a frame',
                'add the frame, or leave frame_id out',
            )
        if camera is None:
            continue
        if not _refers(camera, ids['cameras']):
            fail(
                'camera_id',
                f'{camera!r} is not the id of a camera',
                'add the camera, or leave camera_id out',
            )
        entry = data['cameras'][ids['cameras'][camera]]
        if (entry['width'], entry['height']) != (image['width'], image['height']):
            fail(
                'width, height',
                f'is {image["width"]}x{image["height"]}, its '
                f'camera {camera} is calibrated for {entry["width"]}x'
                f'{entry["height"]}',
                'scale K to the images, or correct the size',
            )
        if frame is not None and (frame, camera) in seen:
            fail(
                'camera_id',
                f'frame {frame} already has an image of camera '
                f'{camera}: '
                f'{_entry("images", seen[frame, camera], data["images"])}',
                'keep one image for each frame and camera',
            )
        seen[frame, camera] = index


def _references_are_right(data: dict, ids: Dict[str, dict]) -> bool:
    """Whether :func:`_check_references` finds nothing."""
    images, categories, persons, crowds = _columns(
        data['annotations'], 'image_id', 'category_id', 'person_id', 'iscrowd'
    )
    if not (
        _among(images, ids['images'])
        and _among(categories, ids['categories'] if data['categories'] else categories)
        and None not in categories
        and _kinds(persons) <= {int, type(None)}
    ):
        return False
    framed = {i['id'] for i in data['images'] if i.get('frame_id') is not None}
    views = [
        (image, person or 0)
        for image, person, crowd in zip(images, persons, crowds)
        if image in framed and not (person is None and crowd)
    ]
    return len(set(views)) == len(views)


def _check_references(data: dict, ids: Dict[str, dict], path: str) -> None:
    if _references_are_right(data, ids):
        return
    seen = {}
    known = {image['id']: image for image in data['images']}
    for index, annotation in enumerate(data['annotations']):

        def fail(field, problem, remedy):
            raise FormatError.at(
                path, _entry('annotations', index, data['annotations']), field, problem, remedy
            )

        image = annotation.get('image_id')
        if not _refers(image, known):
            fail(
                'image_id',
                f'{image!r} is not the id of an image',
                'add the image, or remove the annotation',
            )
        category = annotation.get('category_id')
        if category is None or not _refers(
            category, ids['categories'] if data['categories'] else (category,)
        ):
            fail(
                'category_id',
                f'{category!r} is not the id of a category',
                'add the category, or correct the id',
            )
        person = annotation.get('person_id')
        if person is not None and not is_int(person):
            fail(
                'person_id',
                f'is {short(person)}',
                'write an integer, the same in all views of a frame',
            )
        # A crowd region without a number is nobody.
        if known[image].get('frame_id') is None or (
            person is None and annotation.get('iscrowd', 0)
        ):
            continue
        person, what = (
            (0, 'is missing, which is person 0, and ') if person is None else (person, '')
        )
        if (image, person) in seen:
            fail(
                'person_id',
                f'{what}image {image} already shows person {person}: '
                + _entry('annotations', seen[image, person], data['annotations']),
                'give every person of an image its own number',
            )
        seen[image, person] = index


def _check_poses(data: dict, ids: Dict[str, dict], path: str, num_joints: Optional[int]) -> list:
    joints = _joints_of_categories(data['categories'])
    expected = num_joints
    if expected is None and len(set(joints.values())) == 1:
        expected = next(iter(joints.values()))
    poses, seen = [], {}
    for index, pose in enumerate(data['poses_3d']):

        def fail(field, problem, remedy):
            raise FormatError.at(path, f'poses_3d[{index}]', field, problem, remedy)

        frame, person = pose.get('frame_id'), pose.get('person_id', 0)
        if not _refers(frame, ids['frames']):
            fail(
                'frame_id',
                f'{short(frame)} is not the id of a frame',
                'add the frame, or remove the pose',
            )
        if not is_int(person):
            fail('person_id', f'is {short(person)}', 'write an integer')
        if (frame, person) in seen:
            fail(
                'person_id',
                f'frame {frame} already has a pose of person '
                f'{person}: poses_3d[{seen[frame, person]}]',
                'keep one pose for each frame and person',
            )
        seen[frame, person] = index
        points = _array(pose.get('keypoints_3d'))
        if points is None or points.ndim != 2 or points.shape[1] != 4:
            fail(
                'keypoints_3d',
                'is not a list of [x, y, z, v]',
                'write four numbers for every joint, v 0 for unknown',
            )
        if expected is not None and len(points) != expected:
            fail(
                'keypoints_3d',
                f'has {len(points)} joints, the category names {expected}',
                'write every joint, [0, 0, 0, 0] where unknown',
            )
        if not np.isfinite(points).all():
            fail(
                'keypoints_3d',
                'holds a number that is not finite',
                'write [0, 0, 0, 0] for an unknown joint',
            )
        if not np.isin(points[:, 3], (0, 1)).all():
            fail('keypoints_3d', 'has v outside 0, 1', 'v is 1 for a known joint')
        poses.append(dict(pose, person_id=person, keypoints_3d=points))
    return poses


def _unique_ids(entries: list, section: str, path: str) -> dict:
    (values,) = _columns(entries, 'id')
    if _kinds(values) <= {int}:
        ids = dict(zip(values, range(len(values))))
        if len(ids) == len(values):
            return ids
    ids = {}
    for index, entry in enumerate(entries):
        value = entry.get('id')
        if not is_int(value):
            raise FormatError.at(
                path, f'{section}[{index}]', 'id', f'is {short(value)}', 'write an integer'
            )
        if value in ids:
            raise FormatError.at(
                path,
                f'{section}[{index}]',
                'id',
                f'{value} is also that of {section}[{ids[value]}]',
                'give every entry its own id',
            )
        ids[value] = index
    return ids


def _check_has_categories(data: dict, path: str) -> None:
    """Raise for annotations without any category, which evaluation would pass over."""
    if data['annotations'] and not data['categories']:
        raise FormatError.at(
            path,
            'file',
            'categories',
            f'is missing or empty, but there are {len(data["annotations"])} annotations',
            'write [{"id": 1, "name": "person", "keypoints": ["nose", ...]}]',
        )


def _categories_of_persons(categories: list) -> set:
    """Ids of the categories that name joints.

    Where none does, as in files of boxes: the one named person, or all.
    """
    found = {category['id'] for category in categories if category.get('keypoints')}
    named = {c['id'] for c in categories if c.get('name') == 'person'}
    return found or named or {category['id'] for category in categories}


def _joints_of_categories(categories: list) -> Dict[int, int]:
    return {
        category['id']: len(category['keypoints'])
        for category in categories
        if category.get('keypoints')
    }


def skeleton_edges(category: dict, path: str) -> List[List[int]]:
    """The skeleton of a category: pairs of joints, counted from 1.

    Raises:
        FormatError: One is no pair, or leads to a joint that is not there.
    """
    edges, most = category.get('skeleton') or [], len(category.get('keypoints') or ())
    for number, edge in enumerate(edges if isinstance(edges, list) else [edges]):
        if (
            not isinstance(edge, (list, tuple))
            or len(edge) != 2
            or not all(is_int(joint) and 1 <= joint <= most for joint in edge)
        ):
            raise FormatError.at(
                path,
                f'categories (id {category.get("id")})',
                f'skeleton[{number}]',
                f'is {short(edge)}, no pair of joints from 1 to {most}',
                'correct it, or leave the skeleton out',
            )
    return [list(edge) for edge in edges]


def read(path: str) -> bytes:
    """The content of an annotation or split file, which may be a URI (``s3://...``).

    Raises:
        FileNotFoundError: There is none.
        FileError: It is not what the checksum beside it says, where it has one.
    """
    try:
        return read_checked(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path}: no such file. Check data_root and ann_file (or ids_file)'
        ) from None


def read_content(path: str) -> Tuple[Any, str]:
    """What a JSON file holds, and the SHA-256 of its bytes, which are not kept meanwhile."""
    raw = read(path)
    if compression(raw):
        raise FormatError(f'{path}: is not JSON: {compression(raw)}')
    try:
        text, identity = text_and_sha256(raw)
    except UnicodeDecodeError as error:
        raise FormatError(f'{path}: is not JSON ({error}). Write it in UTF-8.') from None
    finally:
        del raw
    return parse(text, path), identity


def parse(raw: Union[bytes, str], path: str):
    """What the bytes or the text of a JSON file hold."""
    try:
        return parse_json(raw, path)
    except FileError as error:
        raise FormatError(error) from None


def _entry(section: str, index: int, entries: list) -> str:
    return f'{section}[{index}] (id {entries[index].get("id")})'


def _columns(entries: List[dict], *fields: str) -> List[list]:
    """The values of some fields, one list a field; None where an entry has none."""
    return [[entry.get(field) for entry in entries] for field in fields]


def _kinds(values: Iterable[Any]) -> set:
    """Their types."""
    return set(map(type, values))


def _among(values: Iterable[Any], allowed: Iterable[Any]) -> bool:
    """Whether all are some of the allowed ones; a list or an object is none."""
    try:
        return set(values) <= set(allowed)
    except TypeError:
        return False


def _refers(value, ids) -> bool:
    """Whether it is one of the ids; a list or an object is none."""
    return not isinstance(value, (list, dict)) and value in ids


def _array(value) -> Optional[np.ndarray]:
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
