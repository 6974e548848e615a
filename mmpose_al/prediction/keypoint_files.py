"""Keypoints of a rig that come from elsewhere: NumPy archives and folders of tables.

* ``.npz``: keypoints (F, V, K, 2) under ``keypoints`` or a name that is given, NaN or of
  confidence 0 where not detected; confidences (F, V, K) under ``scores`` or the same name
  with ``score`` for ``keypoints`` or ``kpts``. It may hold ``joints`` (K names), ``cameras`` (V
  names) and the cameras themselves: ``K``, ``R``, ``t`` (mm), ``dist``, ``image_size`` (V, 2)
  of the calibration, and ``video_size`` (V, 2) of the images where that is another;
* a folder with a CSV a view, named after it, that has DeepLabCut's header rows; such as
  ``mmpose-al predict`` writes. An individual is one body, under the same name in all views. A row
  is of the frame whose number it has; of images it is by the numbers of their names.
"""

import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..converters.moments import counting_numbers
from ..fileio import FileError, read_arrays, read_rows, visible_names

RESULTS_3D = ('.3d.csv', '.anipose.csv')  # tables of 3D beside those of the views
MOST_FRAMES = 10**7  # of a recording; what is beyond counts no frames
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
        images (list, optional): Of each view the F images that its rows are called by, '' where
            there is no row; None where rows have numbers.
    """

    name: str
    scorer: str
    joints: Optional[List[str]]
    views: Optional[List[str]]
    pixels: np.ndarray
    scores: np.ndarray
    cameras: Optional[List[dict]] = None
    sizes: Optional[List[Tuple[int, int]]] = None
    images: Optional[List[List[str]]] = None


def read_keypoints(path: str, array: Optional[str] = None) -> Dict[str, KeypointFile]:
    """Read keypoints of a rig, of each body by its name; that of a single one is ''.

    Args:
        path (str): An ``.npz`` file, or a folder of tables.
        array (str, optional): Which array of the file, where there are several.

    Raises:
        FileError: It is no such file; it says what is missing.
    """
    if osp.isdir(path):
        if array is not None:
            raise FileError(
                f'{path}: is a folder of tables, and has no array {array!r}. Name a recording '
                'before --keypoints: predict RECORDING --keypoints FOLDER'
            )
        return _read_folder(path)
    if path.lower().endswith('.npz'):
        return {'': _read_npz(path, array)}
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
    score_name = _score_name(array, arrays)
    scores = None if score_name is None else arrays[score_name]
    if scores is not None and scores.shape != pixels.shape[:3]:
        raise FileError(
            f'{path}: {score_name} has the shape {scores.shape}, not '
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


def _score_name(array: str, arrays: Dict[str, np.ndarray]) -> Optional[str]:
    """Which array has the confidences of one of keypoints; None where none has."""
    own = array.replace('keypoints', 'score').replace('kpts', 'score')
    names = [name for name in (own, 'scores') if name != array and name in arrays]
    several = sum(_is_keypoints(value) for value in arrays.values()) > 1
    return next((name for name in names if name == own or not several), None)


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
    """A CSV with DeepLabCut's header rows.

    Attributes:
        scorer (str): What found the keypoints.
        joints (list[str]): Names of the K keypoints.
        bodies (dict): Name of the individual -> x, y and likelihood of F frames, (F, K, 3).
            That of a table without individuals is ''.
        rows (list[str]): What the rows are called: numbers of frames, or images.
    """

    scorer: str
    joints: List[str]
    bodies: Dict[str, np.ndarray]
    rows: List[str]


def read_table(path: str) -> Table:
    """Read a CSV with the header rows scorer, (individuals,) bodyparts and coords.

    Raises:
        FileError: It has others, or individuals of different keypoints; it names the file.
    """
    rows = read_rows(path)
    head = {row[0].strip().lower(): row[1:] for row in rows[:4] if row}
    if 'bodyparts' not in head or head.get('coords', [])[:3] != ['x', 'y', 'likelihood']:
        raise FileError(
            f'{path}: the header rows are not scorer, bodyparts and coords (x, y, likelihood). '
            'Take a table of predictions that DeepLabCut or mmpose-al predict wrote.'
        )
    first, columns = 3 + ('individuals' in head), head['bodyparts'][::3]
    owners = head.get('individuals', [''] * len(head['bodyparts']))[::3]
    try:
        values: Any = [[float(cell or 'nan') for cell in row[1:]] for row in rows[first:] if row]
        values = np.array(values, float).reshape(len(values), len(columns), 3)
    except ValueError as error:
        raise FileError(f'{path}: a row is not of numbers ({error}). Write it again.') from None
    odd = [name for name in owners if osp.basename(name) != name or name in ('.', '..')]
    if odd:
        raise FileError(
            f'{path}: the individual {odd[0]!r} would be no name of a file. Write another name.'
        )
    bodies, joints = {}, [joint for joint, owner in zip(columns, owners) if owner == owners[0]]
    for name in dict.fromkeys(owners):
        own = [index for index, owner in enumerate(owners) if owner == name]
        if [columns[index] for index in own] != joints:
            raise FileError(
                f'{path}: {name} has the keypoints {", ".join(columns[index] for index in own)}, '
                f'{owners[0]} has {", ".join(joints)}. Leave out individuals of other keypoints.'
            )
        bodies[name] = values[:, own]
    names = [row[0] for row in rows[first:] if row]
    return Table(head.get('scorer', ['keypoints'])[0], joints, bodies, names)


def _read_folder(folder: str) -> Dict[str, KeypointFile]:
    names = [name for name in visible_names(folder, ['.csv']) if not name.endswith(RESULTS_3D)]
    if len(names) < 2:
        raise FileError(f'{folder}: holds {len(names)} tables (.csv); two views are needed.')
    tables = [read_table(osp.join(folder, name)) for name in names]
    lengths = [len(next(iter(table.bodies.values()))) for table in tables]
    for name, table, length in zip(names, tables, lengths):
        if table.joints != tables[0].joints:
            raise FileError(
                f'{osp.join(folder, name)}: has the keypoints {", ".join(table.joints)}, '
                f'{names[0]} has {", ".join(tables[0].joints)}. All views have the same.'
            )
        if length != lengths[0]:
            raise FileError(
                f'{osp.join(folder, name)}: has {length} frames, {names[0]} has '
                f'{lengths[0]}. Cut the views to the same frames.'
            )
    frames = _frames(folder, names, tables)
    told = _numbers(osp.join(folder, names[0]), tables[0])
    counted = told is not None and told[1]
    nameless = ['' in table.bodies for table in tables]
    if any(nameless) and not all(nameless):
        one, several = names[nameless.index(True)], names[nameless.index(False)]
        raise FileError(
            f'{osp.join(folder, several)}: is of individuals, and {one} names none, so that '
            'nothing says whom it shows. Write the header row individuals into all tables.'
        )
    return {
        body: _of_body(body, folder, names, tables, frames, counted)
        for body in dict.fromkeys(name for table in tables for name in table.bodies)
    }


def _frames(folder: str, names: Sequence[str], tables: Sequence[Table]) -> np.ndarray:
    """The frame of each row, the same in all views.

    Raises:
        FileError: Views are of different frames, or rows are not in their order.
    """
    found = [_numbers(osp.join(folder, name), table) for name, table in zip(names, tables)]
    told = [(name, *each) for name, each in zip(names, found) if each is not None]
    if not told:
        return np.arange(len(tables[0].rows))
    first, numbers, counted = told[0]
    for name, others, own in told[1:]:
        # Cameras that count their images on their own have no number in common.
        apart = not counted and not own and not set(numbers.tolist()) & set(others.tolist())
        same = others - others[0] == numbers - numbers[0] if apart else others == numbers
        if not same.all():
            row = int((~same).argmax())
            raise FileError(
                f'{osp.join(folder, name)}: row {row + 1} is of frame {others[row]}, in {first} '
                f'of frame {numbers[row]}. Rows of all views are the same moments: cut the tables '
                'to the same frames'
            )
    if counted:
        return numbers
    steps = np.diff(numbers)
    return (numbers - numbers[0]) // (np.gcd.reduce(steps) if len(steps) else 1)


def _numbers(path: str, table: Table) -> Optional[Tuple[np.ndarray, bool]]:
    """Numbers of the frames of a table, and whether rows are called so, not by images.

    None where rows tell none.

    Raises:
        FileError: They do not rise.
    """
    try:
        values = np.array([float(name) for name in table.rows])
        numbers = values.astype(int)
        wrong = (values != numbers) | (values < 0) | (values > MOST_FRAMES)
    except (ValueError, OverflowError):
        named = counting_numbers(table.rows)
        return None if named is None else (named, False)
    wrong[1:] |= np.diff(numbers) <= 0
    if wrong.any():
        row = int(wrong.argmax())
        raise FileError(
            f'{path}: row {row + 1} is called {table.rows[row]!r}, which is no frame after that '
            'before it. Put rows in the order of frames, each once'
        )
    return numbers, True


def _of_body(
    body: str,
    folder: str,
    names: Sequence[str],
    tables: Sequence[Table],
    frames: np.ndarray,
    counted: bool,
) -> KeypointFile:
    """One body in all views; one that does not know it does not see it.

    Args:
        body (str): Its name.
        folder (str): Of the tables.
        names (Sequence[str]): Of the tables.
        tables (Sequence[Table]): One a view.
        frames (ndarray): Of the rows.
        counted (bool): Whether rows are called by numbers, not by images.
    """
    unseen = np.full_like(next(iter(tables[0].bodies.values())), np.nan)
    rows = np.stack([table.bodies.get(body, unseen) for table in tables], 1)
    values = np.full((frames[-1] + 1 if len(frames) else 0, *rows.shape[1:]), np.nan)
    values[frames] = rows
    images = np.full((len(tables), len(values)), '', object)
    images[:, frames] = [table.rows for table in tables]
    seen = np.isfinite(values).all(-1)
    return KeypointFile(
        osp.basename(osp.abspath(folder)),
        tables[0].scorer,
        tables[0].joints,
        [osp.splitext(name)[0] for name in names],
        np.where(seen[..., None], values[..., :2], np.nan),
        np.where(seen, values[..., 2], 0.0),
        images=None if counted else images.tolist(),
    )
