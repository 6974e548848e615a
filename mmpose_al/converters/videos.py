"""A user's own rig: synchronised videos or image folders, and a calibration.

Frame n of every view is the same moment. Videos are extracted to
``<images>/<view>/<frame>.jpg``; a run that was killed goes on with the first image
that is not there. Image folders are used as they are, sorted by name.
"""

import os
import os.path as osp
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

import cv2

from ..datasets.format import FormatError
from ..datasets.images import ImageError, check_image
from ..datasets.videos import open_video
from ..fileio import are_numbers, is_int, read_json, sha256, visible_names, write_bytes, write_json
from .common import Part, Progress, Task, digest, file_state, load_json
from .sources import PICTURES, Source

MARKER = '.source.json'
VIDEO = 'video'  # its digest of a video's bytes


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
    capture = open_video(source.path)
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

    def crowded(self) -> List[Tuple[str, int]]:
        """The (view, frame)s with several boxes of which nothing says whose they are."""
        return [] if self.numbered else sorted(k for k, rows in self.entries.items() if rows[1:])


def read_boxes(
    path: str, names: Mapping[str, Tuple[str, int]], several: Mapping[str, str] = {}
) -> Boxes:
    """Read boxes.

    Either a list of ``{"camera": name, "frame": n, "bbox": [x, y, w, h]}`` with
    optional ``score`` and ``person_id``, or a COCO file whose images have the
    ``file_name`` of this data set.

    Args:
        names (dict): file name -> (view, frame) of the images that are used.
            Entries of other frames of these views are passed over.
        several (dict): file name that several views have -> one that tells them apart.

    Raises:
        FormatError: It is no such file, an entry is wrong, or none is of a frame that is used.
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
            if coco:
                name = _image_of(box, images)
                if name in several:
                    raise _Fault(
                        'image_id',
                        f'is of {name!r}, and several views have an image of this name',
                        f'write which one into its file_name, as {several[name]!r}',
                    )
                key = names.get(name)
            else:
                key = _place_of(box, views)
            if key is not None:
                entries.setdefault(key, []).append(_read_box(box))
        except _Fault as fault:
            place = f'annotations[{index}]' if coco else f'[{index}]'
            raise FormatError.at(path, place, *fault.args) from None
    if boxes and names and not entries.keys() & set(names.values()):
        name, (view, frame) = next(iter(names.items()))
        raise FormatError(
            f'{path}: none of its {len(boxes)} boxes is of an image that is used, such as {name}'
            + ('. Write the same file_name.' if coco else f', frame {frame} of {view}.')
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
    times: Optional[Sequence[Optional[float]]] = None,
) -> Task:
    """The task that writes the recording down; see :func:`describe`."""
    names = [[osp.relpath(path, root).replace(os.sep, '/') for path in view] for view in paths]
    inputs = digest(
        names,
        list(cameras),
        list(numbers),
        times,
        [] if boxes is None else sorted(boxes.entries.items()),
    )
    return Task(
        sequence, inputs, lambda: describe(sequence, sources, cameras, numbers, names, boxes, times)
    )


def describe(
    sequence: str,
    sources: Sequence[Source],
    cameras: Sequence[dict],
    numbers: Sequence[int],
    names: Sequence[List[str]],
    boxes: Optional[Boxes],
    times: Optional[Sequence[Optional[float]]],
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
        time = None if times is None else times[index]
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
            elif not boxes.numbered:
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
    # Videos without rotation have the digest that they had before it was looked at.
    turned = [source.turned] if source.turned else []
    expected = digest(file_state(source.path), quality, *turned)
    marker = osp.join(folder, MARKER)
    try:
        found = dict(read_json(marker))
    except (FileNotFoundError, ValueError, TypeError):
        found = {}
    if found.get('digest') == expected and VIDEO in found:
        return
    video = sha256(source.path)
    content = digest(video, quality, *turned)
    same = found.get('digest') == expected
    copied = found.get('content') == content  # or touched: the same bytes with another time
    if not (same or copied) and osp.isdir(folder) and visible_names(folder, PICTURES):
        raise FormatError(
            f'{folder}: holds images that are not of {source.path} as it is now (or of another '
            '--quality). Put the video back; or remove the images, and they are made of this one'
        )
    state = digest(file_state(source.path))
    write_json(marker, {'digest': expected, 'content': content, VIDEO: video, 'state': state})


def noted_video(folder: str) -> Optional[Dict[str, str]]:
    """Which video the images of a folder are of: digests of its bytes, and of its file's state.

    None where they are of none, or a version that noted less has made them.
    """
    try:
        found = dict(read_json(osp.join(folder, MARKER)))
        return {key: found[key] for key in (VIDEO, 'state')}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def is_noted(source: Source, noted: Mapping[str, str]) -> bool:
    """Whether a video is the one that :func:`noted_video` told of; it may have been copied."""
    if noted.get('state') == digest(file_state(source.path)):
        return True
    return noted.get(VIDEO) == sha256(source.path)


def _write_jpeg(picture, path: str, quality: int) -> None:
    good, raw = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise FormatError(
            f'{path}: OpenCV cannot write a frame of shape {picture.shape} as JPEG. Re-encode the '
            'video with three colours of 8 bits.'
        )
    write_bytes(path, raw.tobytes(), sync=False)


def _is_whole(path: str) -> bool:
    """Whether an image is there, and was not cut off by a power loss."""
    try:
        check_image(path)
    except ImageError:
        return False
    return True


def _overlaps(box: Sequence[float], size: Tuple[int, int]) -> bool:
    x, y, w, h = box
    return min(x + w, size[0] - 1) > max(x, 0) and min(y + h, size[1] - 1) > max(y, 0)
