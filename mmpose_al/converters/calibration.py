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
import xml.etree.ElementTree as ElementTree
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ..datasets.format import FormatError
from ..fileio import message
from ..geometry import DIST_LENGTHS

# mm in a unit.
UNITS = dict(mm=1.0, cm=10.0, m=1000.0)
# A QCA file counts sensor positions in 64ths of a pixel.
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


def read_calibration(
    paths: Sequence[str],
    unit: Optional[str] = None,
    sizes: Optional[Dict[str, Tuple[int, int]]] = None,
) -> List[dict]:
    """Read cameras.

    Args:
        paths (list[str]): One file, or several YAML files.
        unit (str, optional): 'mm', 'cm' or 'm': that of the translations.
            YAML and TOML files do not tell theirs, so it must be given;
            QCA files are in mm.
        sizes (dict, optional): name -> (width, height), for cameras of which
            the file does not tell it (EasyMocap).

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
        return read_qca(paths[0])
    if unit not in UNITS:
        raise FormatError(
            f'{paths[0]}: does not tell the unit of its translations. Pass --unit '
            'mm, cm or m (Pose2Sim: m; Anipose: that of the board it was given).'
        )
    cameras = read_toml(paths[0]) if kind == 'toml' else read_yaml(paths, sizes or {})
    return [dict(camera, t=UNITS[unit] * camera['t']) for camera in cameras]


def read_toml(path: str) -> List[dict]:
    """Anipose's and Pose2Sim's TOML; t stays in the file's unit."""
    try:
        import tomllib
    except ImportError:  # Python < 3.11
        import tomli as tomllib
    try:
        with open(path, 'rb') as file:
            content = tomllib.load(file)
    except ValueError as error:  # TOMLDecodeError, also UnicodeDecodeError
        raise FormatError(f'{path}: is not TOML ({error}). Copy it again.') from None
    cameras = []
    for key, entry in content.items():
        if key == 'metadata' or not isinstance(entry, dict):
            continue
        if entry.get('fisheye'):
            raise _error(
                path,
                key,
                'fisheye',
                'is true; the format knows no fisheye lenses',
                'undistort the videos first, and write the calibration of the undistorted images',
            )
        for field in ('size', 'matrix', 'distortions', 'rotation', 'translation'):
            if field not in entry:
                raise _error(path, key, field, 'is missing', 'calibrate the camera, extrinsics too')
        cameras.append(
            _camera(
                path,
                str(entry.get('name', key)),
                entry['matrix'],
                entry['distortions'],
                entry['rotation'],
                entry['translation'],
                entry['size'],
            )
        )
    return _named_once(path, cameras)


def read_qca(path: str) -> List[dict]:
    """A Qualisys calibration, in mm.

    Positions on the sensor are in 64ths of a pixel, relative to the whole sensor;
    ``fov_video`` is the part that the video shows. ``transform`` is the camera's
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
    cameras = [
        _from_qca(path, camera.get('serial') or f'cameras[{index}]', camera)
        for index, camera in enumerate(root.iter('camera'))
        if camera.get('active') != '0'
    ]
    return _named_once(path, cameras)


def _from_qca(path: str, name: str, camera: ElementTree.Element) -> dict:
    """A ``<camera>`` of a QCA file."""

    def numbers(tag: str, *fields: str) -> np.ndarray:
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

    rotation = camera.get('viewrotation', '0')
    if rotation not in ('0', '0.0'):
        raise _error(
            path,
            name,
            'viewrotation',
            f'is {rotation}; turned views are not read',
            'export the calibration of the videos as they are stored',
        )
    left, top, right, bottom = numbers('fov_video', 'left', 'top', 'right', 'bottom')
    lens = ('focalLengthU', 'focalLengthV', 'centerPointU', 'centerPointV')
    fx, fy, cx, cy = numbers('intrinsic', *lens) / SUBPIXELS
    radial = [f'radialDistortion{i}' for i in (1, 2, 3)]
    tangential = [f'tangentalDistortion{i}' for i in (1, 2)]  # as Qualisys spells it
    k1, k2, k3, p1, p2 = numbers('intrinsic', *radial, *tangential)
    axes = numbers('transform', *(f'r{i}{j}' for i in '123' for j in '123')).reshape(3, 3)
    R = QUALISYS_AXES @ axes
    center = numbers('transform', 'x', 'y', 'z')
    K = [[fx, 0, cx - left], [0, fy, cy - top], [0, 0, 1]]
    size = (right - left + 1, bottom - top + 1)
    return _camera(path, name, K, [k1, k2, p1, p2, k3], R, -R @ center, size)


def read_yaml(paths: Sequence[str], sizes: Dict[str, Tuple[int, int]]) -> List[dict]:
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
        cameras = []
        for path, store in stores.items():
            name = osp.splitext(osp.basename(path))[0]
            values = {field: _first(path, name, store, keys) for field, keys in FIELDS.items()}
            cameras.append(_from_yaml(path, name, values, sizes))
        return _named_once(paths[0], cameras)
    cameras = []
    for name, path in names.items():
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
        cameras.append(_from_yaml(path, name, values, sizes))
    return _named_once(paths[0], cameras)


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
    return out


def _named_once(path: str, cameras: List[dict]) -> List[dict]:
    if not cameras:
        raise FormatError(f'{path}: holds no camera. Check that it is a calibration file.')
    names = [camera['name'] for camera in cameras]
    for name in names:
        if names.count(name) > 1:
            raise _error(path, name, 'name', 'stands twice', 'give every camera its own name')
    return cameras


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
    return FormatError(message(path, f'camera {name!r}', field, problem, remedy))
