"""What all converters share: parts, projection, checking, writing, resume.

A converter is a list of :class:`Task`, one for each sequence. :func:`convert` runs
them in order. The result of each, a :class:`Part`, is kept in a file beside the output
until the whole is written, so that a run that was killed goes on where it stopped.
"""

import hashlib
import json
import os
import os.path as osp
import re
import shutil
import time
from collections import Counter
from contextlib import contextmanager
from typing import Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import mmpose
import numpy as np
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_al.geometry.cameras import project

from ..datasets.format import FORMAT, VERSION, FormatError, check_multiview
from ..fileio import (
    FileError,
    make_folder,
    read_arrays,
    read_json,
    remove_leftovers,
    sha256,
    write_json,
)

# Part of every digest: parts written by other code are not used.
CODE_VERSION = 1
SECTIONS = ('cameras', 'frames', 'images', 'annotations', 'poses_3d')


class Part:
    """The entries of one sequence, with ids of its own that count from 0.

    Lengths are millimetres and pixels, as in ``docs/multiview_format.md``.
    """

    def __init__(self):
        self.cameras, self.frames, self.images = [], [], []
        self.annotations, self.poses_3d = [], []
        self.skipped = Counter()
        self.notes = {}

    def add_camera(self, name: str, size: Tuple[int, int], K, dist, R, t) -> int:
        """``size`` is (width, height); x_cam = R X + t, t in mm."""
        return self._add(
            self.cameras,
            name=name,
            width=int(size[0]),
            height=int(size[1]),
            K=np.asarray(K, dtype=float).tolist(),
            dist=np.asarray(dist, dtype=float).ravel().tolist(),
            R=np.asarray(R, dtype=float).tolist(),
            t=np.asarray(t, dtype=float).ravel().tolist(),
        )

    def add_frame(
        self,
        sequence: str,
        index: int,
        time: Optional[float] = None,
        subject: Optional[str] = None,
        action: Optional[str] = None,
        **extra,
    ) -> int:
        return self._add(
            self.frames,
            sequence=sequence,
            index=int(index),
            time=time,
            subject=subject,
            action=action,
            **extra,
        )

    def add_image(self, file_name: str, frame: int, camera: int, **extra) -> int:
        view = self.cameras[camera]
        return self._add(
            self.images,
            file_name=file_name,
            width=view['width'],
            height=view['height'],
            frame_id=frame,
            camera_id=camera,
            **extra,
        )

    def add_person(
        self,
        image: int,
        person: int,
        bbox: Sequence[float],
        keypoints: Optional[np.ndarray] = None,
        **extra,
    ) -> int:
        """``bbox`` (x, y, w, h); ``keypoints`` (K, 3) with v in 0, 1, 2."""
        entry = dict(
            image_id=image,
            category_id=1,
            person_id=int(person),
            bbox=np.round(np.asarray(bbox, dtype=float), 3).tolist(),
            area=float(round(bbox[2] * bbox[3], 3)),
            iscrowd=0,
            num_keypoints=0,
        )
        if keypoints is not None:
            points = np.where(keypoints[:, 2:] > 0, keypoints, 0)
            entry['num_keypoints'] = int(np.count_nonzero(points[:, 2]))
            entry['keypoints'] = _numbers(points)
        return self._add(self.annotations, **entry, **extra)

    def add_pose(self, frame: int, person: int, points: np.ndarray, known: np.ndarray) -> None:
        """``points`` (K, 3) world mm, ``known`` (K,) bool."""
        rows = np.concatenate([np.where(known[:, None], points, 0), known[:, None]], axis=1)
        self.poses_3d.append(
            dict(
                frame_id=frame,
                person_id=int(person),
                keypoints_3d=[
                    [round(v, 4) for v in row[:3]] + [int(row[3])] for row in rows.tolist()
                ],
            )
        )

    def skip(self, reason: str, number: int = 1) -> None:
        """Count what is left out; the summary tells."""
        if number:
            self.skipped[reason] += int(number)

    def note(self, name: str, value: float) -> None:
        """A figure of which the summary tells the largest."""
        self.notes[name] = max(self.notes.get(name, -np.inf), float(value))

    def as_dict(self) -> dict:
        return {key: getattr(self, key) for key in SECTIONS + ('skipped', 'notes')}

    @classmethod
    def from_dict(cls, content: dict) -> 'Part':
        part = cls()
        for key in SECTIONS + ('notes',):
            setattr(part, key, content[key])
        part.skipped = Counter(content['skipped'])
        return part

    @staticmethod
    def _add(entries: list, **fields) -> int:
        entries.append(dict(id=len(entries), **fields))
        return len(entries) - 1


class Task(NamedTuple):
    """One sequence to convert."""

    name: str
    # What the result depends on (see :func:`digest`).
    inputs: object
    run: Callable[[], Part]


def convert(
    out: str,
    tasks: List[Task],
    category: dict,
    description: str,
    image_root: Optional[str] = None,
    missing_images: str = 'raise',
    keep_parts: bool = False,
    report: Callable[[str], None] = print,
) -> dict:
    """Run the tasks, join their parts, check the whole and write it.

    Args:
        out (str): The JSON file to write.
        tasks (list[Task]): In the order of the file. A task whose part is in
            ``<out>.parts`` with the same digest is not run again.
        category (dict): See :func:`category_of`.
        description (str): Goes to ``info``.
        image_root (str, optional): Where ``file_name`` begins; None does not
            look for the images.
        missing_images (str): ``'raise'``, ``'skip'`` (leave out, and count) or
            ``'keep'``.
        keep_parts (bool): Leave ``<out>.parts`` where it is.
        report (callable): Takes one line of progress or summary.

    Returns:
        dict: The content of the file.

    Raises:
        FormatError: The data is not valid, no image is left, or one is missing.
    """
    if not tasks:
        raise FormatError(
            f'{out}: nothing to convert. Check the input folder and '
            'the options that choose sequences.'
        )
    folder = out + '.parts'
    make_folder(folder)
    for place in (folder, osp.dirname(osp.abspath(out))):
        remove_leftovers(place)
    progress, parts = Progress(len(tasks), report), []
    for task in tasks:
        part, cached = _run_task(task, folder)
        parts.append(part)
        progress.step(f'{task.name}: {len(part.frames)} frames, {len(part.images)} images', cached)
    data, skipped = assemble(parts, category, description)
    if image_root is not None and missing_images != 'keep':
        data = _without_missing(data, image_root, missing_images, skipped, out)
    if not data['images']:
        raise FormatError(
            f'{out}: no image is left. Left out: {dict(skipped)}. Check the '
            'options and the layout (docs/converters.md).'
        )
    check_multiview(data, out, len(category['keypoints']))
    write_json(out, data, indent=None, nan_as_null=False)
    if not keep_parts:
        shutil.rmtree(folder)
    notes = {}
    for part in parts:
        for name, value in part.notes.items():
            notes[name] = max(notes.get(name, -np.inf), value)
    for line in summary(data, skipped, notes, out):
        report(line)
    return data


def assemble(parts: Iterable[Part], category: dict, description: str) -> Tuple[dict, Counter]:
    """Join parts; ids count from 1, equal cameras are written once.

    Returns:
        tuple: The content of a multi-view file, and what the parts left out
        (Counter: reason -> number).
    """
    data = dict(
        info=dict(format=FORMAT, version=VERSION, world_unit='mm', description=description),
        categories=[category],
        **{key: [] for key in SECTIONS},
    )
    known, skipped = {}, Counter()
    for part in parts:
        cameras = {}
        for camera in part.cameras:
            content = dict(camera, id=0)
            key = json.dumps(content, sort_keys=True)
            if key not in known:
                known[key] = len(known) + 1
                data['cameras'].append(dict(camera, id=known[key]))
            cameras[camera['id']] = known[key]
        frames, images = len(data['frames']) + 1, len(data['images']) + 1
        first = len(data['annotations']) + 1
        data['frames'] += [dict(e, id=e['id'] + frames) for e in part.frames]
        data['images'] += [
            dict(
                e,
                id=e['id'] + images,
                frame_id=e['frame_id'] + frames,
                camera_id=cameras[e['camera_id']],
            )
            for e in part.images
        ]
        data['annotations'] += [
            dict(e, id=e['id'] + first, image_id=e['image_id'] + images) for e in part.annotations
        ]
        data['poses_3d'] += [dict(e, frame_id=e['frame_id'] + frames) for e in part.poses_3d]
        skipped.update(part.skipped)
    return data, skipped


def summary(data: dict, skipped: Counter, notes: dict, out: str) -> List[str]:
    """What was written, in words."""
    views = Counter(image['frame_id'] for image in data['images'])
    persons = {}
    images = {image['id']: image['frame_id'] for image in data['images']}
    for entry in data['annotations']:
        persons.setdefault(images[entry['image_id']], set()).add(entry['person_id'])
    labeled = sum(1 for entry in data['annotations'] if entry['num_keypoints'])
    lines = [
        f'{out}: {len(data["frames"])} frames of '
        f'{len({frame["sequence"] for frame in data["frames"]})} sequences, '
        f'{len(data["images"])} images ({_span(views.values())} views a frame, '
        f'{len(data["cameras"])} cameras), {len(data["annotations"])} annotations '
        f'({labeled} with keypoints; {_span(map(len, persons.values()))} persons a '
        f'frame), {len(data["poses_3d"])} 3D poses'
    ]
    lines += [f'  left out: {number} {reason}' for reason, number in sorted(skipped.items())]
    lines += [f'  {name}: {value:.4g}' for name, value in sorted(notes.items())]
    return lines


class Progress:
    """Tells the share that is done and the time that is left."""

    def __init__(
        self,
        total: int,
        report: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.total, self.report, self.clock = total, report, clock
        self.done = self.fresh = 0
        self.start = clock()

    def step(self, text: str, cached: bool = False, silent: bool = False) -> None:
        """One more is done. Cached ones take no time and teach nothing."""
        self.done += 1
        self.fresh += not cached
        if silent:
            return
        left = ''
        if self.fresh and self.done < self.total:
            seconds = (self.clock() - self.start) / self.fresh
            left = f', {_duration(seconds * (self.total - self.done))} left'
        kept = ' (kept from an earlier run)' if cached else ''
        self.report(f'[{self.done}/{self.total}{left}] {text}{kept}')


def digest(*values) -> str:
    """SHA-256 of arrays, numbers, strings and nested lists and dicts of them."""
    hasher = hashlib.sha256(repr(CODE_VERSION).encode())
    _update(hasher, values)
    return hasher.hexdigest()


def file_state(path: str) -> list:
    """Name, size and time of a file's last change: its digest without reading."""
    state = os.stat(path)
    return [osp.basename(path), state.st_size, state.st_mtime_ns]


def _python(path: str) -> Config:
    """A metainfo file.

    Raises:
        FormatError: People wrote it, and Python cannot read it.
    """
    try:
        return Config.fromfile(path)
    except (SyntaxError, NameError, TypeError, AttributeError) as error:
        place = getattr(error, 'lineno', None)
        line = f'line {place}: ' if place else ''
        text = getattr(error, 'msg', None) or error
        raise FormatError(f'{path}: cannot be read: {line}{text}. Put it right') from None


def category_of(metainfo: str, name: str = 'person') -> dict:
    """A category from a file in MMPose's ``dataset_info`` form.

    ``metainfo`` is a path, or one inside MMPose such as
    ``configs/_base_/datasets/h36m.py``. A file of this project that has the same
    path, but no ``dataset_info``, does not stand in the way.
    """
    inner = osp.join(osp.dirname(mmpose.__file__), '.mim', metainfo)
    for path in (metainfo, inner):
        if osp.isfile(path) and 'dataset_info' in _python(path):
            break
    else:
        raise FormatError(
            f'{metainfo}: no such file, or it has no dataset_info. Give '
            "one of MMPose's configs/_base_/datasets, or of your own "
            'in that form.'
        )
    meta = parse_pose_metainfo(dict(from_file=path))
    return dict(
        id=1,
        name=name,
        keypoints=[meta['keypoint_id2name'][i] for i in range(meta['num_keypoints'])],
        skeleton=[[a + 1, b + 1] for a, b in meta['skeleton_links']],
    )


def view_pixels(points: np.ndarray, cameras: List[dict]) -> Tuple[np.ndarray, np.ndarray]:
    """Where points lie in every view, and whether the view shows them.

    Args:
        points (ndarray): World points (..., 3) in mm. Others than finite ones
            are not shown.
        cameras (list[dict]): V entries of ``cameras``.

    Returns:
        tuple: pixels (V, ..., 2) and shown (V, ...) bool: in front of the
        camera, inside the image, and within the range in which the lens
        distortion does not fold back. (A polynomial brings far-off points back
        into the image; they are not there in reality.) Occlusion is not known.
    """
    shape = points.shape[:-1]
    flat = points.reshape(-1, 3).astype(np.float64)
    finite = np.isfinite(flat).all(axis=1)
    flat = np.where(finite[:, None], flat, 0)
    dist = np.zeros((len(cameras), 14))
    for row, camera in zip(dist, cameras):
        row[: len(camera['dist'])] = camera['dist']
    K, R, t = (
        np.array([camera[key] for camera in cameras], dtype=np.float64) for key in ('K', 'R', 't')
    )
    pixels, depth = project(*(torch.from_numpy(a) for a in (flat[None], K, R, t, dist)))
    pixels, depth = pixels.numpy(), depth.numpy()
    local = flat[None] @ R.transpose(0, 2, 1) + t[:, None]
    radius = np.hypot(local[..., 0], local[..., 1]) / np.maximum(depth, 1e-9)
    limit = np.array([fold_radius(camera['dist']) for camera in cameras])
    size = np.array([[c['width'], c['height']] for c in cameras])[:, None]
    with np.errstate(invalid='ignore'):
        shown = (
            finite
            & (depth > 1)
            & (radius < limit[:, None])
            & (pixels >= -0.5).all(axis=-1)
            & (pixels <= size - 0.5).all(axis=-1)
        )
    pixels = np.where(shown[..., None], pixels, 0)
    return (pixels.reshape(len(cameras), *shape, 2), shown.reshape(len(cameras), *shape))


def fold_radius(dist: Sequence[float]) -> float:
    """The radius |x / z| from which OpenCV's radial distortion folds back.

    The distorted radius grows with the true one up to here; inf where it grows
    up to 10 (84 degrees off the axis).
    """
    k = np.zeros(14)
    k[: len(dist)] = dist
    r = np.linspace(0, 10, 20001)
    r2 = r * r
    above = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))
    below = 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]))
    with np.errstate(divide='ignore', invalid='ignore'):
        grows = np.diff(r * above / below) > 0
    grows &= below[1:] > 0
    return np.inf if grows.all() else float(r[np.argmin(grows)])


def box_around(
    points: np.ndarray, shown: np.ndarray, size: Tuple[int, int], scale: float = 1.2
) -> Optional[List[float]]:
    """Box (x, y, w, h) around the points that are shown, inside the image.

    Args:
        points (ndarray): (K, 2) pixels.
        shown (ndarray): (K,) bool.
        size (tuple): (width, height) of the image.
        scale (float): Its sides in multiples of the points' extent; 1.2 as in
            MMPose's preparation of Human3.6M and MPI-INF-3DHP, and as the
            boxes of InterHand2.6M are.

    Returns:
        list | None: None without a point; sides are at least 1 pixel.
    """
    if not shown.any():
        return None
    low, high = points[shown].min(axis=0), points[shown].max(axis=0)
    margin = (high - low) * (scale - 1) / 2
    last = np.array(size) - 1
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, last)
    low = np.minimum(low, last - 1)
    high = np.maximum(high, low + 1)
    return [*low.tolist(), *(high - low).tolist()]


def keypoints_of(pixels: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """(K, 3) keypoints, v = 2 where shown (occlusion is not known), else 0."""
    return np.concatenate([pixels, np.where(shown, 2, 0)[:, None]], axis=1)


def matrix_K(f, c) -> np.ndarray:
    """3x3 intrinsics of focal lengths (2,) and principal point (2,), pixels."""
    (fx, fy), (cx, cy) = np.ravel(f), np.ravel(c)
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])


def load_json(path: str):
    """Read a JSON file; errors name the file."""
    try:
        return read_json(path, remedy='The file may be truncated; copy it again.')
    except FileNotFoundError:
        raise FormatError(
            f'{path}: no such file. Check the folder and the layout (docs/converters.md).'
        ) from None
    except FileError as error:
        raise FormatError(error) from None


def load_npz(path: str, fields: Sequence[str]) -> dict:
    """Read arrays of equal length from an npz file (pickles are refused)."""
    try:
        arrays = read_arrays(path, fields)
    except FileNotFoundError:
        raise FormatError(f'{path}: no such file. Check the path.') from None
    except FileError as error:
        raise FormatError(
            f"{error} It is an annotation file of MMPose's body 3D preparation scripts; files "
            'with pickled objects are refused.'
        ) from None
    lengths = {field: len(array) for field, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise FormatError(
            f'{path}: fields have different lengths {lengths}. Make the file again with '
            "MMPose's preparation script; it may be cut off."
        )
    return arrays


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Inside, an entry of a data set that is not as it should be is an error that names it.

    Args:
        what (str): A recording, or the file.

    Raises:
        FormatError: In place of what Python says about a missing or wrong entry.
    """
    try:
        yield
    except (FileError, OSError):
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            f'{what}: its annotations are not as the data set has them '
            f'({type(error).__name__}: {error}). Download or make its files again'
        ) from error


def _run_task(task: Task, folder: str) -> Tuple[Part, bool]:
    stem = re.sub(r'[^\w.-]+', '_', task.name)[:80]
    unique = sha256(task.name.encode())[:8]
    path = osp.join(folder, f'{stem}-{unique}.json')
    expected = digest(task.name, task.inputs)
    try:
        content = read_json(path)
        if content['digest'] == expected:
            return Part.from_dict(content['part']), True
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass  # none yet, or not usable: make it anew
    with reading(task.name):
        part = task.run()
    content = dict(digest=expected, part=part.as_dict())
    write_json(path, content, indent=None, nan_as_null=False)
    return part, False


def _without_missing(data: dict, root: str, action: str, skipped: Counter, out: str) -> dict:
    missing = [
        image for image in data['images'] if not osp.exists(osp.join(root, image['file_name']))
    ]
    if not missing:
        return data
    if action == 'raise':
        more = f' and {len(missing) - 1} more' if missing[1:] else ''
        raise FormatError(
            f'{out}: {len(missing)} of {len(data["images"])} images are missing, '
            f'first {osp.join(root, missing[0]["file_name"])}{more}. Extract them, '
            'correct the image folder, or pass --missing-images skip (or keep).'
        )
    skipped['images that are not on disk'] += len(missing)
    gone = {image['id'] for image in missing}
    images = [image for image in data['images'] if image['id'] not in gone]
    frames = {image['frame_id'] for image in images}
    cameras = {image['camera_id'] for image in images}
    return dict(
        data,
        images=images,
        cameras=[c for c in data['cameras'] if c['id'] in cameras],
        frames=[f for f in data['frames'] if f['id'] in frames],
        annotations=[a for a in data['annotations'] if a['image_id'] not in gone],
        poses_3d=[p for p in data['poses_3d'] if p['frame_id'] in frames],
    )


def _update(hasher, value) -> None:
    """Feed a value; every item is preceded by its kind and length."""
    plain = _as_json(value)
    if plain is not None:
        hasher.update(f'plain {len(plain)}'.encode() + plain)
    elif isinstance(value, np.ndarray):
        value = np.ascontiguousarray(value)
        hasher.update(f'array {value.dtype} {value.shape}'.encode())
        hasher.update(value.tobytes())
    elif isinstance(value, dict):
        hasher.update(f'dict {len(value)}'.encode())
        for key in sorted(value, key=repr):
            _update(hasher, key)
            _update(hasher, value[key])
    elif isinstance(value, (list, tuple)):
        hasher.update(f'list {len(value)}'.encode())
        for item in value:
            _update(hasher, item)
    else:
        text = repr(value).encode()
        hasher.update(f'{type(value).__name__} {len(text)}'.encode() + text)


def _as_json(value) -> Optional[bytes]:
    """Plain data as JSON, which is quick; None for all else."""
    try:
        return json.dumps(value, sort_keys=True).encode()
    except (TypeError, ValueError):
        return None


def _numbers(points: np.ndarray) -> list:
    """[x, y, v, ...] with pixels to a thousandth and whole v."""
    return [value for x, y, v in points.tolist() for value in (round(x, 3), round(y, 3), int(v))]


def _span(values: Iterable[int]) -> str:
    values = list(values) or [0]
    low, high = min(values), max(values)
    return str(low) if low == high else f'{low} to {high}'


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{seconds:02d}'
