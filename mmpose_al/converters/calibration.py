"""Calibration files of other tools, as cameras of the multi-view format.

* OpenCV's ``FileStorage`` (``.yml``, ``.yaml``): all cameras in one or several files
  with ``names``, ``K_<name>``, ``dist_<name>``, ``Rot_<name>`` or ``R_<name>`` and
  ``T_<name>`` (as EasyMocap writes them: intri.yml, extri.yml), or one file for each
  camera with ``camera_matrix``, ``distortion_coefficients``, ``image_width``,
  ``image_height`` (as OpenCV's calibration sample writes them) and ``R``, ``T``;
* Anipose's and Pose2Sim's TOML;
* Qualisys QCA (``.qca``, ``.qca.txt``, ``.xml``).

The files are data: nothing in them is run, no XML entity is resolved.
"""

import os.path as osp
import re
import xml.etree.ElementTree as ElementTree
from functools import partial
from typing import Any, Callable, Collection, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..datasets.format import FormatError
from ..fileio import short
from ..geometry import DIST_LENGTHS
from ..geometry.intrinsics import focal_fault, principal_fault
from ..geometry.lenses import other_model

# mm in a unit.
UNITS = dict(mm=1.0, cm=10.0, m=1000.0)
# Most QCA files count sensor positions in 64ths of a pixel, some in pixels.
SUBPIXELS = 64.0
# OpenCV looks along +z with y down, Qualisys along -z with y up.
QUALISYS_AXES = np.diag([1.0, -1.0, -1.0])
FIELDS = dict(
    K=('camera_matrix', 'cameraMatrix', 'K', 'M'),
    dist=('distortion_coefficients', 'distCoeffs', 'dist_coeffs', 'D', 'dist'),
    width=('image_width', 'width'),
    height=('image_height', 'height'),
    R=('R', 'rotation', 'rotation_matrix', 'rvec'),
    t=('T', 't', 'translation', 'tvec'),
)
TABLE = ('size', 'matrix', 'distortions', 'rotation', 'translation')
# Names that distortion coefficients have elsewhere.
DISTORTION = re.compile('.*dist.*|[kp][1-6]', re.IGNORECASE)
# A camera's name, and what reads it.
Entry = Tuple[str, Callable[[], dict]]


def read_calibration(
    paths: Sequence[str],
    unit: Optional[str] = None,
    sizes: Optional[Dict[str, Tuple[int, int]]] = None,
    views: Optional[Collection[str]] = None,
) -> List[dict]:
    """Read cameras.

    Their intrinsics must be possible for images of their size, and the file must not say
    that a camera is of another model than a pinhole.

    Args:
        paths (list[str]): One file, or several YAML files.
        unit (str, optional): 'mm', 'cm' or 'm': that of the translations.
            YAML and TOML files do not tell theirs, so it must be given;
            QCA files are in mm.
        sizes (dict, optional): name -> (width, height), for cameras of which
            the file does not tell it (EasyMocap).
        views (Collection[str], optional): Only cameras of these names are read and
            checked; of the others there is the name alone. None: all.

    Returns:
        list[dict]: ``name``, ``size`` (w, h), ``K`` (3, 3), ``dist`` (n,), ``R``
        (3, 3), ``t`` (3,) in mm, in the order of the file.

    Raises:
        FormatError: Naming file, camera, field and remedy.
    """
    paths = list(paths)
    for path in paths:
        if not osp.isfile(path):
            raise FormatError(f'{path}: no such file. Check --calibration.')
    ends = {_kind(path) for path in paths}
    if len(ends) != 1 or (ends != {'yaml'} and len(paths) > 1):
        raise FormatError(
            f'{", ".join(paths)}: several files are read together only if all are '
            'YAML. Give one TOML or QCA file.'
        )
    kind = ends.pop()
    if kind == 'qca':
        if unit not in (None, 'mm'):
            raise FormatError(f'{paths[0]}: a QCA file is in mm, not {unit}. Leave --unit out.')
        return _cameras(paths[0], read_qca(paths[0]), views)
    if unit not in UNITS:
        raise FormatError(
            f'{paths[0]}: does not tell the unit of its translations. Pass --unit '
            'mm, cm or m (Pose2Sim: m; Anipose: that of the board it was given).'
        )
    entries = read_toml(paths[0]) if kind == 'toml' else read_yaml(paths, sizes or {})
    cameras = _cameras(paths[0], entries, views)
    return [dict(c, t=UNITS[unit] * c['t']) if 't' in c else c for c in cameras]


def _cameras(path: str, entries: List[Entry], views: Optional[Collection[str]]) -> List[dict]:
    """Read the cameras of views; see :func:`read_calibration`."""
    if not entries:
        raise FormatError(f'{path}: holds no camera. Check that it is a calibration file.')
    names = [name for name, _ in entries]
    for name in names:
        if names.count(name) > 1 and (views is None or name in views):
            raise _error(path, name, 'name', 'stands twice', 'give every camera its own name')
    return [read() if views is None or name in views else dict(name=name) for name, read in entries]


def read_toml(path: str) -> List[Entry]:
    """Anipose's and Pose2Sim's TOML; t stays in the file's unit.

    Tables without any field of a camera are something else: a board, a program's options.
    """
    try:
        import tomllib
    except ImportError:  # Python < 3.11
        import tomli as tomllib
    try:
        with open(path, 'rb') as file:
            content = tomllib.load(file)
    except ValueError as error:  # TOMLDecodeError, also UnicodeDecodeError
        raise FormatError(f'{path}: is not TOML ({error}). Copy it again.') from None
    metadata = content.get('metadata')
    shared = dict(metadata if isinstance(metadata, dict) else {})
    shared.update((key, v) for key, v in content.items() if not isinstance(v, dict))
    tables = {key: entry for key, entry in content.items() if isinstance(entry, dict)}
    if isinstance(tables.get('cameras'), dict):  # Caliscope's [cameras.0], [cameras.1]
        tables.update((k, v) for k, v in tables.pop('cameras').items() if isinstance(v, dict))
    return [
        (str(entry.get('name', key)), partial(_from_toml, path, key, entry, shared))
        for key, entry in tables.items()
        if key != 'metadata' and any(field in entry for field in TABLE)
    ]


def _from_toml(path: str, key: str, entry: dict, shared: dict) -> dict:
    """A camera's table; what is ``shared`` by all cameras may name their model."""
    _check_model(path, key, {**shared, **entry})
    for field in TABLE:
        if field not in entry:
            raise _error(path, key, field, 'is missing', 'calibrate the camera, extrinsics too')
    name = str(entry.get('name', key))
    return _camera(path, name, *(entry[field] for field in TABLE[1:]), entry['size'])


def read_qca(path: str) -> List[Entry]:
    """A Qualisys calibration, in mm.

    Positions on the sensor are in 64ths of a pixel, or in pixels, relative to the whole
    sensor; ``fov_video`` is the part that the video shows, in pixels. ``transform`` is the camera's
    centre and, row by row, its axes in the world, x to the right, y up and z
    backwards. Distortion coefficients are OpenCV's and have no unit: they are not
    divided by 64, as Pose2Sim's reader does.
    """
    with open(path, 'rb') as file:
        raw = file.read()
    if b'<!DOCTYPE' in raw or b'<!ENTITY' in raw or b'\x00' in raw:
        raise FormatError(
            f'{path}: declares a document type or entities (or is not '
            'in an ASCII-like encoding), which no calibration needs. '
            'Export it again as UTF-8.'
        )
    try:
        root = ElementTree.fromstring(raw)
    except ElementTree.ParseError as error:
        raise FormatError(f'{path}: is not XML ({error}). Export it again.') from None
    if root.tag == 'opencv_storage':
        raise FormatError(
            f'{path}: is of cv2.FileStorage, not of Qualisys. Write it with OpenCV as .yml.'
        )
    cameras = enumerate(root.iter('camera'))
    names = [(camera.get('serial') or f'cameras[{index}]', camera) for index, camera in cameras]
    return [
        (name, partial(_from_qca, path, name, camera))
        for name, camera in names
        if camera.get('active') != '0'
    ]


def _from_qca(path: str, name: str, camera: ElementTree.Element) -> dict:
    """A ``<camera>`` of a QCA file."""
    numbers = partial(_attributes, path, name, camera)
    for element in camera.iter():
        _check_model(path, name, {**element.attrib, element.tag: (element.text or '').strip()})
    for holder, field, what in (
        (camera, 'viewrotation', 'turned views'),
        (camera.find('intrinsic'), 'skew', 'sheared pixels'),
    ):
        value = '0' if holder is None else holder.get(field, '0')
        if value.strip('-0') not in ('', '.'):
            raise _error(
                path,
                name,
                field,
                f'is {value}; {what} are not read',
                'export the calibration of the videos as they are stored',
            )
    left, top, right, bottom = numbers('fov_video', 'left', 'top', 'right', 'bottom')
    lens = ('focalLengthU', 'focalLengthV', 'centerPointU', 'centerPointV')
    parts = _subpixels(camera.find('intrinsic'), right, bottom)
    fx, fy, cx, cy = numbers('intrinsic', *lens) / parts
    radial = [f'radialDistortion{i}' for i in (1, 2, 3)]
    tangential = [f'tangentalDistortion{i}' for i in (1, 2)]  # as Qualisys spells it
    k1, k2, k3, p1, p2 = numbers('intrinsic', *radial, *tangential)
    axes = numbers('transform', *(f'r{i}{j}' for i in '123' for j in '123')).reshape(3, 3)
    R = QUALISYS_AXES @ axes
    center = numbers('transform', 'x', 'y', 'z')
    K = [[fx, 0, cx - left], [0, fy, cy - top], [0, 0, 1]]
    size = (right - left + 1, bottom - top + 1)
    return _camera(path, name, K, [k1, k2, p1, p2, k3], R, -R @ center, size)


def _attributes(
    path: str, name: str, camera: ElementTree.Element, tag: str, *fields: str
) -> np.ndarray:
    """Numbers that stand in attributes of a child element."""
    element = camera.find(tag)
    values = []
    for field in fields:
        try:
            values.append(float(element.get(field)))
        except (AttributeError, TypeError, ValueError):
            raise _error(
                path,
                name,
                f'{tag}/{field}',
                'is missing or not a number',
                'calibrate the video cameras in Qualisys and export again',
            ) from None
    return np.array(values)


def _subpixels(intrinsic: Optional[ElementTree.Element], right: float, bottom: float) -> float:
    """Units in a pixel: 64, or 1 where the sensor in 64ths could not hold the video.

    Where the sensor's size is missing or 0, the principal point decides: in 64ths it lies
    far outside the video's pixels.
    """

    def ends(*fields):
        try:
            values = [float(intrinsic.get(field)) for field in fields]
        except (AttributeError, TypeError, ValueError):
            return None
        return values if min(values) > 0 else None

    sensor = ends('sensorMaxU', 'sensorMaxV')
    if sensor is not None:
        scale = SUBPIXELS
    else:
        sensor, scale = ends('centerPointU', 'centerPointV') or (right, bottom), 1.0
    # A camera that stands on its side may have the sensor's sides in the other order.
    borders = sorted((right, bottom))
    holds = all(end + 1 >= scale * border for end, border in zip(sorted(sensor), borders))
    return SUBPIXELS if holds else 1.0


def read_yaml(paths: Sequence[str], sizes: Dict[str, Tuple[int, int]]) -> List[Entry]:
    """OpenCV FileStorage files; t stays in the file's unit."""
    stores = {path: _open(path) for path in paths}
    names = {}
    for path, store in stores.items():
        node = store.getNode('names')
        for i in range(node.size() if node.isSeq() else 0):
            item = node.at(i)
            name = str(int(item.real())) if item.isInt() else item.string()
            names.setdefault(name, path)
    if not names:  # one file for each camera, named after it
        alone = [(osp.splitext(osp.basename(path))[0], path) for path in stores]
        return [
            (name, partial(_from_store, path, name, stores[path], sizes)) for name, path in alone
        ]
    return [
        (name, partial(_from_stores, path, name, stores, list(names), sizes))
        for name, path in names.items()
    ]


def _from_store(path: str, name: str, store, sizes: dict) -> dict:
    """The camera of a file of its own."""
    _check_yaml(path, name, _nodes(store))
    values = {field: _first(path, name, store, keys) for field, keys in FIELDS.items()}
    return _from_yaml(path, name, values, sizes)


def _from_stores(path: str, name: str, stores: dict, names: List[str], sizes: dict) -> dict:
    """One of the cameras whose fields end with their names, in one file or several."""
    ends = tuple('_' + other for other in names if other != name and not name.endswith('_' + other))
    own = {}
    for store in stores.values():
        for key, node in _nodes(store).items():
            if key.endswith('_' + name):
                own[key[: -len(name) - 1]] = node
            elif not key.endswith(ends):
                own.setdefault(key, node)
    _check_yaml(path, name, own)
    values = {}
    for field, keys in (
        ('K', ('K_',)),
        ('dist', ('dist_', 'D_')),
        ('R', ('Rot_', 'R_')),
        ('t', ('T_',)),
        ('width', ('W_',)),
        ('height', ('H_',)),
    ):
        found = [
            _first(file, name, store, [key + name for key in keys])
            for file, store in stores.items()
        ]
        values[field] = next((v for v in found if v is not None), None)
    _check_rotations(path, name, stores.values())
    return _from_yaml(path, name, values, sizes)


def _check_rotations(path: str, name: str, stores) -> None:
    """Refuse a rotation that stands there twice, as a matrix and a vector that differ."""
    matrices = []
    for key in (f'Rot_{name}', f'R_{name}'):
        found = [_first(path, name, store, [key]) for store in stores]
        value = np.array(next((v for v in found if v is not None), [np.nan]), float).ravel()
        if len(value) == 3 and np.isfinite(value).all():
            value = cv2.Rodrigues(value)[0].ravel()
        matrices.append(value)
    one, two = matrices
    if len(one) == len(two) == 9 and np.abs(one - two).max() > 1e-3:
        raise _error(
            path,
            name,
            'R',
            f'is not the rotation of Rot_{name}',
            'leave one of them out: the rotation of x_cam = R X + t as a matrix or a vector',
        )


def _check_yaml(path: str, name: str, fields: dict) -> None:
    """Refuse another lens model, and a distortion that would not be read."""
    _check_model(path, name, {key: _plain(node) for key, node in fields.items()})
    if any(key in fields for key in FIELDS['dist']):
        return
    for key in fields:
        if DISTORTION.fullmatch(key):
            raise _error(
                path,
                name,
                key,
                'is not read, and no other distortion is there',
                f'write the coefficients as {FIELDS["dist"][0]}, k1 k2 p1 p2 [k3 ...]',
            )


def _nodes(store) -> dict:
    return {key: store.getNode(key) for key in list(store.root().keys())}


def _plain(node) -> Any:
    """A node as numbers, strings, lists and dicts."""
    if node.isMap():
        return {key: _plain(node.getNode(key)) for key in list(node.keys())}
    if node.isSeq():
        return [_plain(node.at(i)) for i in range(node.size())]
    return node.string() if node.isString() else _number(node)


def _from_yaml(path: str, name: str, values: dict, sizes: dict) -> dict:
    for field in ('K', 'R', 't'):
        if values[field] is None:
            what = 'intrinsics' if field == 'K' else 'extrinsics'
            raise _error(
                path,
                name,
                field,
                f'is missing (camera without {what})',
                f'add it as one of {", ".join(FIELDS[field])}, or as '
                f'{field}_{name} beside "names"; give all files',
            )
    size = (values['width'], values['height'])
    if None in size:
        size = sizes.get(name)
        if size is None:
            raise _error(
                path, name, 'width', 'is missing', 'add image_width and image_height in pixels'
            )
    dist = values['dist'] if values['dist'] is not None else []
    return _camera(path, name, values['K'], dist, values['R'], values['t'], size)


def _open(path: str):
    try:
        store = cv2.FileStorage(path, cv2.FILE_STORAGE_READ)
        if store.isOpened():
            return store
    except (cv2.error, SystemError):
        pass
    raise FormatError(
        f'{path}: OpenCV cannot read it. A file of cv2.FileStorage '
        'begins with %YAML:1.0; write it with OpenCV.'
    )


def _first(path: str, name: str, store, keys: Sequence[str]):
    """The first of the keys that is there: a matrix, a list or a number."""
    for key in keys:
        node = store.getNode(key)
        if node.empty():
            continue
        if node.isSeq():
            return _numbers(node)
        if not node.isMap():
            return _number(node)
        rows, cols = (_number(node.getNode(side)) for side in ('rows', 'cols'))
        # Not node.mat(): OpenCV 4.11 misreads whole numbers among doubles.
        values = _numbers(node.getNode('data'))
        if len(values) != rows * cols:
            raise _error(
                path,
                name,
                key,
                f'has {len(values)} numbers, not {rows:g} x {cols:g}',
                'write rows, cols and data as OpenCV does',
            )
        return np.reshape(values, (int(rows), int(cols)))
    return None


def _numbers(node) -> List[float]:
    return [_number(node.at(i)) for i in range(node.size())] if node.isSeq() else []


def _number(node) -> float:
    """NaN if it is none; OpenCV's own answer is a large number."""
    return node.real() if node.isInt() or node.isReal() else np.nan


def _camera(path: str, name: str, K, dist, R, t, size) -> dict:
    """Check a camera's numbers; R may be a rotation vector."""
    out = dict(name=name)
    for field, value, lengths in (
        ('K', K, (9,)),
        ('dist', dist, DIST_LENGTHS),
        ('R', R, (3, 9)),
        ('t', t, (3,)),
        ('size', size, (2,)),
    ):
        try:
            array = np.array(value, dtype=np.float64).ravel()
        except (TypeError, ValueError):
            array = np.full(1, np.nan)
        if len(array) not in lengths or not np.isfinite(array).all():
            raise _error(
                path,
                name,
                field,
                f'is {value!r}, not {" or ".join(map(str, lengths))} finite numbers',
                'calibrate again',
            )
        out[field] = array
    K = out['K'] = out['K'].reshape(3, 3)
    if K[1, 0] != 0 or not np.array_equal(K[2], [0, 0, 1]):
        raise _error(
            path,
            name,
            'K',
            f'is not upper triangular with last row 0 0 1: {K.tolist()}',
            'write [[fx, s, cx], [0, fy, cy], [0, 0, 1]] in pixels',
        )
    if (out['size'] < 1).any() or (out['size'] != np.round(out['size'])).any():
        raise _error(
            path,
            name,
            'size',
            f'is {out["size"].tolist()}',
            'write the width and height of the images in pixels',
        )
    out['size'] = tuple(int(v) for v in out['size'])
    if len(out['R']) == 3:
        out['R'] = cv2.Rodrigues(out['R'])[0]
    out['R'] = out['R'].reshape(3, 3)
    if np.abs(out['R'] @ out['R'].T - np.eye(3)).max() > 1e-3 or np.linalg.det(out['R']) < 0:
        raise _error(path, name, 'R', 'is not a rotation', 'write the rotation of x_cam = R X + t')
    fault = focal_fault(K, out['size']) or principal_fault(K, out['size'])
    if fault:
        raise _error(
            path,
            name,
            'K',
            fault,
            'write K in pixels of these images: scale it where they were scaled '
            "(fx' = s fx, cx' = s (cx + 0.5) - 0.5), subtract the corner where they were cropped",
        )
    return out


def _check_model(path: str, name: str, fields: dict) -> None:
    """Refuse a camera that is not a pinhole."""
    found = other_model(fields)
    if found is not None:
        raise _error(
            path,
            name,
            found[0],
            f'is {short(found[1]) if found[1] is not True else "true"}; the format knows '
            "no lens model but the pinhole with OpenCV's distortion, so no fisheye lenses",
            'undistort the videos first, and write the calibration of the undistorted images',
        )


def _kind(path: str) -> str:
    lower = path.lower()
    if lower.endswith(('.yml', '.yaml')):
        return 'yaml'
    if lower.endswith('.toml'):
        return 'toml'
    if lower.endswith(('.qca', '.qca.txt', '.xml')):
        return 'qca'
    raise FormatError(
        f'{path}: unknown kind of calibration. Give .yml or .yaml '
        '(OpenCV), .toml (Anipose, Pose2Sim), or .qca, .qca.txt or '
        '.xml (Qualisys).'
    )


def _error(path, name, field, problem, remedy) -> FormatError:
    return FormatError.at(path, f'camera {name!r}', field, problem, remedy)
