"""The views of a rig: videos and folders of images, their sizes and their cameras.

Images and videos are taken as they are shown: turned as an EXIF orientation or rotation
metadata say. The calibration is that of the images as they are shown.
"""

import os.path as osp
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image

from ..datasets.format import FormatError
from ..datasets.images import read_picture
from ..datasets.videos import open_video, rotation
from ..fileio import short, visible_names

VIDEOS = (
    '.mp4',
    '.m4v',
    '.mov',
    '.3gp',
    '.avi',
    '.mkv',
    '.webm',
    '.mpg',
    '.mpeg',
    '.ts',
    '.mts',
    '.m2ts',
    '.mxf',
    '.wmv',
    '.asf',
    '.flv',
    '.ogv',
    '.dv',
)
# Videos that DeepLabCut and `predict --video` draw keypoints into, beside the recordings.
DRAWN = re.compile(r'(DLC_|superanimal).*labeled|\.overlay\.mp4$')
PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')
EXIF_ORIENTATION = 274
UNTURN_IMAGES = 'exiftool -Orientation=1 -n FILES'
UNTURN_VIDEO = 'ffmpeg -display_rotation 0 -i IN -c copy OUT'
# How images came to be of another size than the calibration's.
THUMBNAIL = (32, 32)
VIDEO_FOLDERS = ('videos', 'videos-raw')  # of a recording's folder; the second is Anipose's
SIZE_CHANGES = ('top-left', 'centre', 'scaled')


class Source(NamedTuple):
    """One view's recording."""

    name: str
    path: str
    # File names of an image folder; None for a video.
    files: Optional[List[str]]
    count: int
    # (width, height) as it is shown.
    size: Tuple[int, int]
    fps: Optional[float]
    # What turns the stored images to the shown ones, in words; '' if nothing does.
    turned: str = ''


def find_views(views: Sequence[str]) -> Dict[str, str]:
    """name -> path of ``NAME=PATH`` items, or of what one folder holds.

    A folder's videos and sub-folders are views, named after them.
    """
    found: Dict[str, List[str]] = {}
    if len(views) == 1 and osp.isdir(views[0]):
        root = views[0]
        for name in visible_names(root):
            path = osp.join(root, name)
            if osp.isdir(path) and pictures(path):
                found.setdefault(name, []).append(path)
            elif name.lower().endswith(VIDEOS) and not is_drawn(name):
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


def recording_name(path: str) -> str:
    """Name of a rig's recording: that of its folder, not of ``videos`` in it."""
    folder, name = osp.split(osp.abspath(path))
    return osp.basename(folder) if name in VIDEO_FOLDERS and osp.basename(folder) else name


def is_drawn(name: str) -> bool:
    """Whether a video is no recording: keypoints are drawn into it."""
    return DRAWN.search(name) is not None


def recorded(folder: str) -> List[str]:
    """Videos of a folder by name, without those that keypoints are drawn into."""
    return [name for name in visible_names(folder, VIDEOS) if not is_drawn(name)]


def about_drawn(folder: str) -> List[str]:
    """A line that names the videos that :func:`recorded` leaves out of a folder, if it does."""
    there = visible_names(folder, VIDEOS) if osp.isdir(folder) else []
    names = [name for name in there if is_drawn(name)]
    return [f'{folder}: left out, with keypoints drawn: {short(names, 200)}'] if names else []


def pictures(folder: str) -> List[str]:
    """Images of a folder, numbers in their names in the order of numbers."""

    def natural(name: str) -> list:
        return [int(word) if word.isdigit() else word for word in re.split(r'(\d+)', name)]

    return sorted(visible_names(folder, PICTURES), key=natural)


def open_source(name: str, path: str) -> Source:
    """Look at a view: number of frames, image size, frames a second."""
    if osp.isdir(path):
        files = pictures(path)
        if not files:
            raise FormatError(f'{path}: (view {name!r}) holds no images. Check the folder.')
        size, turned = one_size(name, path, files)
        return Source(name, path, files, len(files), size, None, turned)
    if not osp.isfile(path):
        raise FormatError(f'{path}: (view {name!r}) no such video or folder. Check the path.')
    capture = open_video(path)
    try:
        good, picture = capture.read()
        if not good:
            raise FormatError(
                f'{path}: (view {name!r}) OpenCV cannot read a frame. '
                'Re-encode the video, or extract its images.'
            )
        size, degrees = picture.shape[1::-1], rotation(capture)
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        fps = float(capture.get(cv2.CAP_PROP_FPS)) or None
        if count <= 0:  # the container does not tell
            count = 1
            while capture.grab():
                count += 1
    finally:
        capture.release()
    turned = f'turned by {degrees} degrees clockwise by the rotation metadata' if degrees else ''
    return Source(name, path, None, count, size, fps, turned)


def one_size(name: str, folder: str, files: Sequence[str]) -> Tuple[Tuple[int, int], str]:
    """The size of all images of a folder as they are shown, and what turns the first.

    Images whose headers are like the first one's are not decoded.

    Raises:
        FormatError: One of another size, or one that cannot be decoded.
    """
    first = size = None
    for file in files:
        path = osp.join(folder, file)
        head = _head(path)
        if head is not None and head == first:
            continue
        picture = read_picture(path)
        if picture is None:
            raise FormatError(f'{path}: cannot be read as an image. Copy it again.')
        if size is None:
            first, size = head, picture.shape[1::-1]
        elif picture.shape[1::-1] != size:
            exif = {1, first and first[1], head and head[1]} - {None} != {1}
            remedy = f', or remove the EXIF orientation ({UNTURN_IMAGES})' if exif else ''
            raise FormatError(
                f'{path}: (view {name!r}) is {_text(picture.shape[1::-1], head)}; {files[0]} '
                f'is {_text(size, first)}. All frames of a view have one size: take out what '
                f'is no frame, or export the frame again{remedy}.'
            )
    if first is None or first[1] == 1 or (first[1] > 4 and size != first[0][::-1]):
        return size, ''
    return size, f'turned by the EXIF orientation {first[1]} of {files[0]}'


def _head(path: str) -> Optional[Tuple[Tuple[int, int], int, str]]:
    """(stored size, EXIF orientation, format) of an image, not decoded; None if unknown."""
    try:
        with Image.open(path) as image:
            orientation = image.getexif().get(EXIF_ORIENTATION, 1)
            valid = isinstance(orientation, int) and 1 <= orientation <= 8
            return image.size, orientation if valid else 1, image.format
    except Exception:  # whatever a broken file makes the reader raise
        return None


def _text(size: Tuple[int, int], head: Optional[tuple]) -> str:
    exif = f' (EXIF orientation {head[1]})' if head is not None and head[1] != 1 else ''
    return f'{size[0]}x{size[1]}{exif}'


def match_cameras(
    sources: Sequence[Source], cameras: Sequence[dict], path: str, size_change: Optional[str] = None
) -> List[dict]:
    """The calibrated camera of each view, checked against the images' size.

    Args:
        sources (list[Source]): The views.
        cameras (list[dict]): As ``read_calibration`` gives them.
        path (str): Of the calibration, for errors.
        size_change (str, optional): What became of images that are of another size than
            their calibration says, see :func:`resized`. None: they are refused.

    Raises:
        FormatError: A view without a camera, or images of another size.
    """
    known, matched = {camera['name']: camera for camera in cameras}, []
    for source in sources:
        camera = known.get(source.name)
        if camera is None:
            raise FormatError.at(
                path,
                f'camera {source.name!r}',
                'name',
                'is missing, but '
                f'{source.path} is a view of this name; the file has '
                f'{", ".join(sorted(known))}',
                'name the views as the calibration does: NAME=PATH, or calibrate the camera; take '
                'it out of the folder if it is no view',
            )
        if tuple(camera['size']) != tuple(source.size) and size_change:
            camera = resized(camera, source.size, size_change, path)
        if tuple(camera['size']) != tuple(source.size):
            turned = f', {source.turned}' if source.turned else ''
            raise FormatError.at(
                path,
                f'camera {source.name!r}',
                'size',
                f'is {camera["size"][0]}x{camera["size"][1]}, the images of '
                f'{source.path} are {source.size[0]}x{source.size[1]}{turned}',
                _size_remedy(tuple(camera['size']), source),
            )
        matched.append(camera)
    return matched


def resized(camera: dict, size: Tuple[int, int], change: str, path: str) -> dict:
    """A camera for images of another size than it was calibrated for.

    Args:
        camera (dict): With ``size`` and ``K``; it is not changed.
        size (tuple): Width and height of the images in pixels.
        change (str): ``'top-left'``: columns at the right and rows at the bottom were cut
            off, as video encoders do; ``'centre'``: as much at either side; ``'scaled'``:
            the images were scaled to the size.
        path (str): Of the calibration, for errors.

    Raises:
        FormatError: Images that are larger than calibrated were not cut.
    """
    if change not in SIZE_CHANGES:
        raise ValueError(f'the change of size is one of {SIZE_CHANGES}; got {change!r}')
    before, after = np.array(camera['size'], float), np.array(size, float)
    K = np.array(camera['K'], float)
    if change == 'scaled':
        scale = np.diag([*(after / before), 1])
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # from centres to corners of pixels
        K = np.linalg.inv(half) @ scale @ half @ K
    elif (after > before).any():
        raise FormatError.at(
            path,
            f'camera {camera["name"]!r}',
            'size',
            f'is {before[0]:g}x{before[1]:g}, the images are {after[0]:g}x{after[1]:g}: '
            f'they are larger, so {change!r} cannot have cut them',
            "say 'scaled', or calibrate for these images",
        )
    elif change == 'centre':
        K[:2, 2] -= (before - after) / 2
    return dict(camera, K=K, size=tuple(size))


def _size_remedy(size: Tuple[int, int], source: Source) -> str:
    if source.turned:
        return (
            'calibrate with images as they are shown; if the calibration is that of '
            'stored images, remove what turns them '
            f'({UNTURN_VIDEO if source.files is None else UNTURN_IMAGES})'
        )
    if size == tuple(source.size)[::-1]:
        return (
            'calibrate with images that stand as these do: the calibration was made with turned '
            'ones, as by an EXIF orientation or rotation metadata that is gone'
        )
    return (
        'calibrate for these images, or say what became of them: --calibration-size top-left '
        '(columns at the right or rows at the bottom were cut off, as video encoders do), '
        'centre (as much at either side) or scaled'
    )


def frame_numbers(names: Iterable[str]) -> Optional[List[int]]:
    """The numbers by which file names of one folder count frames; None where they tell none.

    That is the only number of each name, or the only one in which they differ.
    """
    stems = [osp.splitext(osp.basename(name))[0] for name in names]
    parts = [re.split(r'(\d+)', stem) for stem in stems]
    columns = list(zip(*[[int(word[-18:]) for word in part[1::2]] for part in parts]))
    if any(len(part) != 3 for part in parts):
        alike = len({tuple(part[::2]) for part in parts}) == 1
        columns = [column for column in columns if alike and len(set(column)) > 1]
    if len(columns) != 1 or len(set(columns[0])) < len(columns[0]):
        return None
    return list(columns[0])


def thumbnails(
    source: Source, numbers: Sequence[int], size: Tuple[int, int] = THUMBNAIL
) -> np.ndarray:
    """Small grey images of some frames, float32 (N, width x height).

    Args:
        source (Source): The recording.
        numbers (Sequence[int]): Frames; the images are in ascending order.
        size (tuple): Width and height of the images.

    Raises:
        FormatError: A frame cannot be read.
    """
    wanted, rows = set(numbers), []
    capture = open_video(source.path) if source.files is None else None
    try:
        for number in range(max(wanted) + 1):
            picture = _frame(source, capture, number, number in wanted)
            if picture is not None:
                small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
                rows.append(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).ravel())
    finally:
        if capture is not None:
            capture.release()
    return np.array(rows, np.float32)


def _frame(
    source: Source, capture: Optional[cv2.VideoCapture], number: int, wanted: bool
) -> Optional[np.ndarray]:
    """A frame that is wanted; of a video the next one is passed either way."""
    if capture is None:
        files = source.files or []
        path = osp.join(source.path, files[number])
        picture = read_picture(path) if wanted else None
        good = picture is not None or not wanted
    else:
        path = source.path
        good, picture = capture.grab(), None
        if good and wanted:
            good, picture = capture.retrieve()
    if not good:
        raise FormatError(
            f'{path}: frame {number} cannot be read, though the file tells of {source.count}. '
            'Re-encode the video.'
        )
    return picture
