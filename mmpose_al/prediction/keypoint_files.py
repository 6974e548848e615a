"""Keypoints of a rig that come from elsewhere: NumPy archives and folders of tables.

* ``.npz``: keypoints (F, V, K, 2) under ``keypoints`` or a name that is given, NaN or of
  confidence 0 where not detected; confidences (F, V, K) under ``scores`` or the same name
  with ``score`` for ``keypoints`` or ``kpts``. It may hold ``joints`` (K names), ``cameras`` (V
  names) and the cameras themselves: ``K``, ``R``, ``t`` (mm), ``dist``, ``image_size`` (V, 2)
  of the calibration, and ``video_size`` (V, 2) of the images where that is another;
* a folder with a CSV a view, named after it, that has DeepLabCut's header rows; such as
  ``mmpose-al predict`` writes.
"""

import csv
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..fileio import FileError, read_arrays, visible_names

RESULTS_3D = ('.3d.csv', '.anipose.csv')  # tables of 3D beside those of the views
CAMERA_ARRAYS = ('K', 'R', 't', 'dist', 'image_size')


class KeypointFile(NamedTuple):
    """What a file of keypoints holds.

    Attributes:
        name (str): Of the recording.
        scorer (str): What found the keypoints.
        joints (list[str], optional): Names of the K keypoints; None where it does not tell.
        views (list[str], optional): Names of the V views; None where it does not tell.
        pixels (ndarray): (F, V, K, 2), NaN where not detected.
        scores (ndarray): (F, V, K), 0 there.
        cameras (list[dict], optional): As ``read_calibration`` gives them.
        sizes (list, optional): (width, height) of the images of each view.
    """

    name: str
    scorer: str
    joints: Optional[List[str]]
    views: Optional[List[str]]
    pixels: np.ndarray
    scores: np.ndarray
    cameras: Optional[List[dict]] = None
    sizes: Optional[List[Tuple[int, int]]] = None


def read_keypoints(path: str, array: Optional[str] = None) -> KeypointFile:
    """Read keypoints of a rig.

    Args:
        path (str): An ``.npz`` file, or a folder of tables.
        array (str, optional): Which array of the file, where there are several.

    Raises:
        FileError: It is no such file; it says what is missing.
    """
    if osp.isdir(path):
        return _read_folder(path)
    if path.lower().endswith('.npz'):
        return _read_npz(path, array)
    raise FileError(
        f'{path}: is neither an .npz file nor a folder of tables (.csv) with a view each. '
        'docs/predict.md says what they hold.'
    )


def _read_npz(path: str, array: Optional[str]) -> KeypointFile:
    arrays = read_arrays(path)
    found = [name for name, value in arrays.items() if _is_keypoints(value)]
    if array is None and len(found) == 1:
        array = found[0]
    if not found:
        raise FileError(
            f'{path}: holds no array of keypoints (F, V, K, 2). Call it "keypoints"; it has '
            f'{", ".join(sorted(arrays))}.'
        )
    if array not in found:
        problem = 'holds several arrays of keypoints' if array is None else f'{array!r} is none'
        raise FileError(
            f'{path}: {problem}. Name one of {", ".join(found)}: --keypoints {path} ARRAY'
        )
    pixels = arrays[array].astype(float)
    scores = arrays.get(_score_name(array))
    if scores is not None and scores.shape != pixels.shape[:3]:
        raise FileError(
            f'{path}: {_score_name(array)} has the shape {scores.shape}, not '
            f'{pixels.shape[:3]}. Write a confidence for each keypoint.'
        )
    known = np.ones(pixels.shape[:3]) if scores is None else np.nan_to_num(scores.astype(float))
    seen = np.isfinite(pixels).all(-1) & (known > 0)  # OpenPose writes 0, 0 with confidence 0
    name = osp.splitext(osp.basename(path))[0]
    sizes = arrays.get('video_size', arrays.get('image_size'))
    return KeypointFile(
        name,
        array,
        _names(arrays, 'joints', pixels.shape[2], path),
        _names(arrays, 'cameras', pixels.shape[1], path),
        np.where(seen[..., None], pixels, np.nan),
        np.where(seen, known, 0.0),
        _cameras(path, arrays, pixels.shape[1]),
        None if sizes is None else [(int(w), int(h)) for w, h in sizes],
    )


def _is_keypoints(value: np.ndarray) -> bool:
    return value.ndim == 4 and value.shape[-1] == 2 and value.dtype.kind == 'f'


def _score_name(array: str) -> str:
    if array == 'keypoints':
        return 'scores'
    return array.replace('keypoints', 'score').replace('kpts', 'score')


def _names(arrays: Dict[str, np.ndarray], key: str, count: int, path: str) -> Optional[List[str]]:
    if key not in arrays:
        return None
    names = [str(name) for name in arrays[key].tolist()]
    if len(set(names)) != count:
        raise FileError(f'{path}: {key} are {names}, not {count} names. Write each once.')
    return names


def _cameras(path: str, arrays: Dict[str, np.ndarray], count: int) -> Optional[List[dict]]:
    """The cameras of a file; None where it has none."""
    if 'K' not in arrays:
        return None
    for key, shape in zip(CAMERA_ARRAYS, ((3, 3), (3, 3), (3,), None, (2,))):
        given = arrays.get(key)
        if given is None or len(given) != count or (shape and given.shape[1:] != shape):
            raise FileError(
                f'{path}: field "{key}": is {"missing" if given is None else given.shape}, for '
                f'{count} views it is {(count, *(shape or ("D",)))}. Write it, or give '
                '--calibration.'
            )
    names = _names(arrays, 'cameras', count, path) or [f'view{n + 1}' for n in range(count)]
    return [
        dict(
            name=names[n],
            size=tuple(int(v) for v in arrays['image_size'][n]),
            **{key: arrays[key][n].astype(float) for key in 'KRt'},
            dist=arrays['dist'][n].astype(float),
        )
        for n in range(count)
    ]


# ---- tables ------------------------------------------------------------------------


class Table(NamedTuple):
    """A CSV with DeepLabCut's header rows: x, y and likelihood of F frames, (F, K, 3)."""

    scorer: str
    joints: List[str]
    values: np.ndarray


def read_table(path: str) -> Table:
    """Read a CSV with the header rows scorer, bodyparts and coords.

    Raises:
        FileError: It has others; it names the file.
    """
    with open(path, newline='', encoding='utf-8') as file:
        rows = list(csv.reader(file))
    head = {row[0].strip().lower(): row[1:] for row in rows[:4] if row}
    if 'individuals' in head:
        raise FileError(f'{path}: is of several individuals. Write a table of one.')
    if 'bodyparts' not in head or head.get('coords', [])[:3] != ['x', 'y', 'likelihood']:
        raise FileError(
            f'{path}: the header rows are not scorer, bodyparts and coords (x, y, likelihood). '
            'Take a table of predictions that DeepLabCut or mmpose-al predict wrote.'
        )
    joints = head['bodyparts'][::3]
    try:
        values: Any = [[float(cell or 'nan') for cell in row[1:]] for row in rows[3:] if row]
        values = np.array(values, float).reshape(len(values), len(joints), 3)
    except ValueError as error:
        raise FileError(f'{path}: a row is not of numbers ({error}). Write it again.') from None
    return Table(head.get('scorer', ['keypoints'])[0], joints, values)


def _read_folder(folder: str) -> KeypointFile:
    names = [name for name in visible_names(folder, ['.csv']) if not name.endswith(RESULTS_3D)]
    if len(names) < 2:
        raise FileError(f'{folder}: holds {len(names)} tables (.csv); two views are needed.')
    tables = [read_table(osp.join(folder, name)) for name in names]
    for name, table in zip(names, tables):
        if table.joints != tables[0].joints:
            raise FileError(
                f'{osp.join(folder, name)}: has the keypoints {", ".join(table.joints)}, '
                f'{names[0]} has {", ".join(tables[0].joints)}. All views have the same.'
            )
        if len(table.values) != len(tables[0].values):
            raise FileError(
                f'{osp.join(folder, name)}: has {len(table.values)} frames, {names[0]} has '
                f'{len(tables[0].values)}. Cut the views to the same frames.'
            )
    values = np.stack([table.values for table in tables], 1)
    seen = np.isfinite(values).all(-1)
    return KeypointFile(
        osp.basename(osp.abspath(folder)),
        tables[0].scorer,
        tables[0].joints,
        [osp.splitext(name)[0] for name in names],
        np.where(seen[..., None], values[..., :2], np.nan),
        np.where(seen, values[..., 2], 0.0),
    )
