"""A user's own rig: synchronised videos or image folders, and a calibration.

Frame n of every view is the same moment. Videos are extracted to
``<images>/<view>/<frame>.jpg``; a run that was killed goes on with the first image
that is not there. Image folders are used as they are, sorted by name.
"""

import os
import os.path as osp
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

import cv2

from ..datasets.format import FormatError
from ..datasets.images import ImageError, check_image
from ..fileio import are_numbers, is_int, message, read_json, write_bytes, write_json
from .common import Part, Progress, Task, digest, file_state, load_json

VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.m4v', '.mpg', '.mpeg', '.webm')
PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff')
MARKER = '.source.json'


class Source(NamedTuple):
    """One view's recording."""

    name: str
    path: str
    # File names of an image folder; None for a video.
    files: Optional[List[str]]
    count: int
    size: Tuple[int, int]
    fps: Optional[float]


def find_views(views: Sequence[str]) -> Dict[str, str]:
    """name -> path of ``NAME=PATH`` items, or of what one folder holds.

    A folder's videos and sub-folders are views, named after them.
    """
    found = {}
    if len(views) == 1 and osp.isdir(views[0]) and '=' not in views[0]:
        root = views[0]
        for name in sorted(os.listdir(root)):
            path = osp.join(root, name)
            if osp.isdir(path) and _pictures(path):
                found.setdefault(name, []).append(path)
            elif name.lower().endswith(VIDEOS):
                found.setdefault(osp.splitext(name)[0], []).append(path)
        if not found:
            raise FormatError(
                f'{root}: holds neither videos nor folders of images. Name the views: NAME=PATH ...'
            )
    else:
        for item in views:
            name, equals, path = item.partition('=')
            if not equals or not name or not path:
                raise FormatError(
                    f'view {item!r} is not NAME=PATH (nor one folder '
                    'that exists). NAME is that of the camera in the '
                    'calibration.'
                )
            found.setdefault(name, []).append(path)
    for name, paths in found.items():
        if len(paths) > 1:
            raise FormatError(
                f'view {name!r} stands for {" and ".join(paths)}. Give every view its own name.'
            )
    return {name: paths[0] for name, paths in found.items()}


def open_source(name: str, path: str) -> Source:
    """Look at a view: number of frames, image size, frames a second."""
    if osp.isdir(path):
        files = _pictures(path)
        if not files:
            raise FormatError(f'{path}: (view {name!r}) holds no images. Check the folder.')
        picture = cv2.imread(osp.join(path, files[0]))
        if picture is None:
            raise FormatError(
                f'{osp.join(path, files[0])}: cannot be read as an image. Copy it again.'
            )
        return Source(name, path, files, len(files), picture.shape[1::-1], None)
    if not osp.isfile(path):
        raise FormatError(f'{path}: (view {name!r}) no such video or folder.')
    capture = cv2.VideoCapture(path)
    try:
        good, picture = capture.read()
        if not good:
            raise FormatError(
                f'{path}: (view {name!r}) OpenCV cannot read a frame. '
                'Re-encode the video, or extract its images.'
            )
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        fps = float(capture.get(cv2.CAP_PROP_FPS)) or None
        if count <= 0:  # the container does not tell
            count = 1
            while capture.grab():
                count += 1
    finally:
        capture.release()
    return Source(name, path, None, count, picture.shape[1::-1], fps)


def common_count(sources: Sequence[Source], allow_unequal: bool = False) -> int:
    """The number of frames of all views; an error names two that differ."""
    counts = [source.count for source in sources]
    low, high = counts.index(min(counts)), counts.index(max(counts))
    if counts[low] != counts[high] and not allow_unequal:
        raise FormatError(
            f'{sources[low].path}: (view {sources[low].name!r}) has {counts[low]} '
            f'frames, {sources[high].path} (view {sources[high].name!r}) has '
            f'{counts[high]}. The views must be synchronised from their first frame: '
            'cut the videos, or pass --allow-unequal to leave out what is beyond the '
            'shortest.'
        )
    return min(counts)


def common_fps(sources: Sequence[Source], given: Optional[float] = None) -> Optional[float]:
    """Frames a second: what is given, or what the videos tell; None if none does.

    An error names two views that differ by more than 1 %.
    """
    known = [source for source in sources if source.fps]
    if given or not known:
        return given
    low, high = (pick(known, key=lambda source: source.fps) for pick in (min, max))
    if high.fps > 1.01 * low.fps:
        raise FormatError(
            f'{low.path}: (view {low.name!r}) has {low.fps:g} frames a second, '
            f'{high.path} (view {high.name!r}) has {high.fps:g}. Frame n of every view '
            'must be the same moment: re-encode the videos at one rate, or pass --fps '
            'if only what the files tell is wrong.'
        )
    return known[0].fps


def match_cameras(sources: Sequence[Source], cameras: Sequence[dict], path: str) -> List[dict]:
    """The calibrated camera of each view, checked against the images' size."""
    known, matched = {camera['name']: camera for camera in cameras}, []
    for source in sources:
        camera = known.get(source.name)
        if camera is None:
            raise FormatError(
                message(
                    path,
                    f'camera {source.name!r}',
                    'name',
                    'is missing, but '
                    f'{source.path} is a view of this name; the file has '
                    f'{", ".join(sorted(known))}',
                    'name the views as the calibration does: NAME=PATH, or calibrate the camera',
                )
            )
        if tuple(camera['size']) != tuple(source.size):
            raise FormatError(
                message(
                    path,
                    f'camera {source.name!r}',
                    'size',
                    f'is {camera["size"][0]}x{camera["size"][1]}, the images of '
                    f'{source.path} are {source.size[0]}x{source.size[1]}',
                    'calibrate for these images; if they were only scaled by s, scale K: '
                    "fx' = s fx, cx' = s (cx + 0.5) - 0.5",
                )
            )
        matched.append(camera)
    return matched


def extract(
    source: Source, numbers: Sequence[int], folder: str, quality: int = 95, report=print
) -> List[str]:
    """Images of the wanted frames of a view, as paths.

    Args:
        source (Source): A video is decoded into ``folder``; an image folder's own
            files are returned.
        numbers (list[int]): Frames from 0, in order.
        folder (str): Takes ``<frame:06d>.jpg``. Images that are there already
            are kept, if the folder's marker says that they are of this video.
        quality (int): Of the JPEG files.
        report (callable): Takes lines of progress.

    Raises:
        FormatError: The video ends early, or the folder holds other images.
    """
    if source.files is not None:
        return [osp.join(source.path, source.files[i]) for i in numbers]
    _claim(source, folder, quality)
    paths = [osp.join(folder, f'{number:06d}.jpg') for number in numbers]
    wanted = {number: path for number, path in zip(numbers, paths) if not _is_whole(path)}
    if not wanted:
        report(f'{source.name}: all {len(paths)} images are there')
        return paths
    lines = 10  # of progress a view
    progress = Progress(len(wanted), lambda line: report(f'{source.name} {line}'))
    every, written = max(1, len(wanted) // lines), 0
    capture = cv2.VideoCapture(source.path)
    try:
        for number in range(max(wanted) + 1):
            good = capture.grab()
            if good and number in wanted:
                good, picture = capture.retrieve()
                if good:
                    _write_jpeg(picture, wanted[number], quality)
                    written += 1
                    silent = written % every and written < len(wanted)
                    progress.step(f'frame {number}', silent=bool(silent))
            if not good:
                raise FormatError(
                    f'{source.path}: (view {source.name!r}) frame {number} cannot be '
                    f'read, though the file tells of {source.count}. Re-encode the '
                    'video (or cut all views before it).'
                )
    finally:
        capture.release()
    return paths


class Boxes:
    """Boxes of persons by (view, frame); see :func:`read_boxes`."""

    def __init__(self, entries: Dict[Tuple[str, int], list], numbered: bool):
        self.entries, self.numbered = entries, numbered


def read_boxes(path: str, names: Dict[str, Tuple[str, int]]) -> Boxes:
    """Read boxes.

    Either a list of ``{"camera": name, "frame": n, "bbox": [x, y, w, h]}`` with
    optional ``score`` and ``person_id``, or a COCO file whose images have the
    ``file_name`` of this data set.

    Args:
        names (dict): file name -> (view, frame) of the images that are used.
            Entries of other frames of these views are passed over.
    """
    content = load_json(path)
    coco = isinstance(content, dict)
    boxes = (content.get('annotations') or []) if coco else content
    listed = (content.get('images') or []) if coco else []
    if (
        not isinstance(boxes, list)
        or not isinstance(listed, list)
        or not all(isinstance(image, dict) for image in listed)
    ):
        raise FormatError(
            f'{path}: is neither a list of boxes nor a COCO file. See docs/converters.md.'
        )
    images = {
        image.get('id'): image.get('file_name') for image in listed if is_int(image.get('id'))
    }
    views, entries = {view for view, _ in names.values()}, {}
    for index, box in enumerate(boxes):
        try:
            if not isinstance(box, dict):
                raise _Fault(
                    'bbox',
                    f'is missing, the entry is {box!r}',
                    'write an object with "bbox": [x, y, width, height]',
                )
            key = names.get(_image_of(box, images)) if coco else _place_of(box, views)
            if key is not None:
                entries.setdefault(key, []).append(_read_box(box))
        except _Fault as fault:
            place = f'annotations[{index}]' if coco else f'[{index}]'
            raise FormatError(message(path, place, *fault.args)) from None
    if coco and boxes and not entries:
        raise FormatError(
            f'{path}: none of its images is one of this data set, such '
            f'as {next(iter(names))}. Write the same file_name.'
        )
    numbered = all(person is not None for rows in entries.values() for _, person, _ in rows)
    return Boxes(entries, numbered)


class _Fault(Exception):
    """What is wrong with an entry: field, problem, remedy."""


def _image_of(box: dict, images: Dict[int, object]) -> str:
    """The file name of a COCO annotation's image."""
    image = box.get('image_id')
    name = images.get(image) if is_int(image) else None
    if not isinstance(name, str):
        raise _Fault('image_id', f'{image!r} is not the id of an image', 'add the image')
    return name


def _place_of(box: dict, views: Set[str]) -> Tuple[str, int]:
    """(view, frame) of an entry of a list of boxes."""
    view, frame = box.get('camera'), box.get('frame')
    if not isinstance(view, str) or view not in views:
        raise _Fault(
            'camera',
            f'is {view!r}, the views are {", ".join(sorted(views))}',
            'write the name of the view',
        )
    if not is_int(frame):
        raise _Fault('frame', f'is {frame!r}', 'write the number of the frame in the video, from 0')
    return view, frame


def _read_box(box: dict) -> Tuple[float, Optional[int], List[float]]:
    """(score, person, [x, y, w, h]) of an entry."""
    values, score, person = box.get('bbox'), box.get('score', 1), box.get('person_id')
    if not are_numbers(values, 4) or not min(values[2:]) > 0:
        raise _Fault('bbox', f'is {values!r}', 'write [x, y, width, height] in pixels')
    if not are_numbers([score], 1):
        raise _Fault('score', f'is {score!r}', 'write a number, or leave it out')
    if person is not None and not is_int(person):
        raise _Fault('person_id', f'is {person!r}', 'write an integer, or leave it out')
    return float(score), person, values


def make_task(
    sequence: str,
    sources: Sequence[Source],
    cameras: Sequence[dict],
    numbers: Sequence[int],
    paths: Sequence[List[str]],
    root: str,
    boxes: Optional[Boxes] = None,
    fps: Optional[float] = None,
) -> Task:
    """The task that writes the recording down; see :func:`describe`."""
    names = [[osp.relpath(path, root).replace(os.sep, '/') for path in view] for view in paths]
    inputs = digest(
        names,
        list(cameras),
        list(numbers),
        fps,
        [] if boxes is None else sorted(boxes.entries.items()),
    )
    return Task(
        sequence, inputs, lambda: describe(sequence, sources, cameras, numbers, names, boxes, fps)
    )


def describe(
    sequence: str,
    sources: Sequence[Source],
    cameras: Sequence[dict],
    numbers: Sequence[int],
    names: Sequence[List[str]],
    boxes: Optional[Boxes],
    fps: Optional[float],
) -> Part:
    """Frames, images and boxes; persons have no 2D labels.

    Without ``boxes`` the whole image is one person's. Boxes that do not say whose
    they are (``person_id``) are taken for one person: the one with the highest
    score of each image.
    """
    part = Part()
    for camera in cameras:
        part.add_camera(
            camera['name'], camera['size'], camera['K'], camera['dist'], camera['R'], camera['t']
        )
    for index, number in enumerate(numbers):
        time = None if not fps else round(number / fps, 6)
        frame = part.add_frame(sequence, index, time=time, source_frame=int(number))
        for view, source in enumerate(sources):
            image = part.add_image(names[view][index], frame, view)
            w, h = source.size
            if boxes is None:
                part.add_person(image, 0, [0, 0, w, h])
                continue
            found = boxes.entries.get((source.name, int(number)), [])
            found = [row for row in found if _overlaps(row[2], source.size)]
            if not found:
                part.skip('images without a box')
            if not boxes.numbered:
                part.skip(
                    'further boxes of an image, which do not tell whose they are', len(found) - 1
                )
                found = [
                    (score, 0, box) for score, _, box in sorted(found, key=lambda row: -row[0])[:1]
                ]
            for _, person, box in found:
                part.add_person(image, person, box)
    return part


def _claim(source: Source, folder: str, quality: int) -> None:
    """Mark a folder as that of a video, or check that it is."""
    expected = digest(file_state(source.path), quality)
    marker = osp.join(folder, MARKER)
    try:
        found = read_json(marker).get('digest')
    except (FileNotFoundError, ValueError, AttributeError):
        found = None
    if found == expected:
        return
    if osp.isdir(folder) and _pictures(folder):
        raise FormatError(
            f'{folder}: holds images that are not of {source.path} as it is now (or '
            'of another --quality). Remove them, or give another --images folder.'
        )
    write_json(marker, dict(digest=expected))


def _write_jpeg(picture, path: str, quality: int) -> None:
    good, raw = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise FormatError(f'{path}: OpenCV cannot encode the image.')
    write_bytes(path, raw.tobytes(), sync=False)


def _is_whole(path: str) -> bool:
    """Whether an image is there, and was not cut off by a power loss."""
    try:
        check_image(path)
    except ImageError:
        return False
    return True


def _pictures(folder: str) -> List[str]:
    """Images of a folder, numbers in their names in the order of numbers."""

    def natural(name):
        return [int(word) if word.isdigit() else word for word in re.split(r'(\d+)', name)]

    return sorted(
        (name for name in os.listdir(folder) if name.lower().endswith(PICTURES)), key=natural
    )


def _overlaps(box: Sequence[float], size: Tuple[int, int]) -> bool:
    x, y, w, h = box
    return min(x + w, size[0] - 1) > max(x, 0) and min(y + h, size[1] - 1) > max(y, 0)
