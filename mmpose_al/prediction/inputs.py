"""What is predicted: videos and images, as recordings of frames that are read one by one.

Images and videos are taken as they are shown: turned as an EXIF orientation or rotation
metadata say.
"""

import os.path as osp
import sys
from collections import Counter
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..converters.sources import PICTURES, VIDEOS, Source, is_drawn, open_source, pictures
from ..datasets.format import FormatError
from ..datasets.images import DARK, ImageError, check_image, read_picture, unused_bits
from ..datasets.videos import open_video
from ..fileio import visible_names

LOOSE = 'images'  # the recording of images that are named one by one
STANDARD_INPUT = '-'


class Recording(NamedTuple):
    """Frames that belong together.

    Attributes:
        name (str): Of the files that are written about it.
        path (str): The video or the folder; ``''`` for images named one by one.
        files (list[str], optional): Paths of the images; None for a video.
        names (list[str], optional): What the images are called; None for a video.
        count (int): Frames; of a video as its file tells.
        fps (float, optional): Frames a second.
    """

    name: str
    path: str
    files: Optional[List[str]]
    names: Optional[List[str]]
    count: int  # type: ignore[assignment]
    fps: Optional[float] = None

    def frame_name(self, number: int) -> str:
        """The image's name; of a video's frame the one that ``convert videos`` gives it."""
        return self.names[number] if self.names else f'{self.name}/{number:06d}.jpg'


class Frame(NamedTuple):
    """A frame on its way to the network.

    Attributes:
        number (int): From 0.
        image (ndarray, optional): (H, W, 3), uint8, BGR; None where it cannot be read.
        error (str): Why not.
        dark (str): What makes it nearly black; '' where nothing does.
    """

    number: int
    image: Optional[np.ndarray]
    error: str = ''
    dark: str = ''

    @property
    def pixels(self) -> np.ndarray:
        """The image of a frame that can be read."""
        assert self.image is not None, self.error
        return self.image


def find_recordings(inputs: Sequence[str]) -> List[Recording]:
    """The recordings that words of a command line name.

    A video is a recording, and so are the images of a folder, each video in it and the
    images of each folder in it. Images named one by one are one recording. ``-`` reads
    further names from the standard input, one a line.

    Raises:
        FormatError: Nothing is there, or it is neither a video nor an image.
    """
    loose: List[str] = []
    places: List[Tuple[str, Optional[List[str]]]] = []
    for item in _with_standard_input(inputs):
        if osp.isdir(item):
            places += _in_folder(item)
        elif not osp.isfile(item):
            raise FormatError(f'{item}: no such image, video or folder. Check the name.')
        elif item.lower().endswith(PICTURES):
            loose.append(item)
        else:
            places.append((item, None))
    if loose:
        places.append(('', loose))
    if not places:
        raise FormatError('nothing to predict: name images, videos or folders of them.')
    names = _unique_names([path for path, _ in places])
    return [_recording(name, path, files) for name, (path, files) in zip(names, places)]


def of_source(source: Source) -> Recording:
    """The recording of a rig's view."""
    if source.files is None:
        return Recording(source.name, source.path, None, None, source.count, source.fps)
    paths = [osp.join(source.path, name) for name in source.files]
    names = [f'{source.name}/{name}' for name in source.files]
    return Recording(source.name, source.path, paths, names, source.count)


def read_frames(recording: Recording, start: int = 0) -> Iterator[Frame]:
    """Frames in order.

    Args:
        recording (Recording): What to read.
        start (int): Number of the first frame. Those before it are decoded and dropped:
            seeking is not exact in every video.
    """
    if recording.files is not None:
        for number in range(start, len(recording.files)):
            yield _read_image(number, recording.files[number])
        return
    capture = open_video(recording.path)
    try:
        number = 0
        while number < start and capture.grab():
            number += 1
        while True:
            more, image = capture.read()
            if not more:
                return
            yield Frame(number, image)
            number += 1
    finally:
        capture.release()


def _read_image(number: int, path: str) -> Frame:
    try:
        check_image(path)
        image = read_picture(path)
    except (ImageError, OSError) as error:
        return Frame(number, None, str(error))
    if image is None:
        return Frame(number, None, f'{path} cannot be decoded')
    return Frame(number, image, dark=unused_bits(path) if image.max() <= DARK // 256 else '')


def _with_standard_input(inputs: Sequence[str]) -> Iterator[str]:
    for item in inputs:
        if item == STANDARD_INPUT:
            yield from (line.rstrip('\n') for line in sys.stdin if line.strip())
        else:
            yield item


def _in_folder(folder: str) -> List[Tuple[str, Optional[List[str]]]]:
    """(path, files) of the recordings of a folder."""
    found: List[Tuple[str, Optional[List[str]]]] = []
    if pictures(folder):
        found.append((folder, [osp.join(folder, name) for name in pictures(folder)]))
    for name in visible_names(folder):
        path = osp.join(folder, name)
        if name.lower().endswith(VIDEOS) and osp.isfile(path) and not is_drawn(name):
            found.append((path, None))
        elif osp.isdir(path) and pictures(path):
            found.append((path, [osp.join(path, each) for each in pictures(path)]))
    if not found:
        raise FormatError(
            f'{folder}: holds neither images nor videos, nor a folder of images. Known endings: '
            f'{" ".join(PICTURES + VIDEOS)}'
        )
    return found


def _recording(name: str, path: str, files: Optional[List[str]]) -> Recording:
    if files is None:
        source = open_source(name, path)
        return Recording(name, path, None, None, source.count, source.fps)
    names = [osp.basename(file) for file in files]
    if len(set(names)) < len(names):
        names = [file.replace('\\', '/') for file in files]
    return Recording(name, path, files, names, len(files))


def _unique_names(paths: Sequence[str]) -> List[str]:
    """A name for each path: its own, with the folder's or the ending where it must be."""
    absolute = [osp.abspath(path) if path else LOOSE for path in paths]
    parts = [path.replace('\\', '/').split('/') for path in absolute]

    def stem(path: str) -> str:
        return path if osp.isdir(path) else osp.splitext(path)[0]

    choices = [
        [osp.basename(stem(path)) for path in absolute],
        ['_'.join([*part[-2:-1], osp.basename(stem(path))]) for part, path in zip(parts, absolute)],
        ['_'.join(part[-2:]) for part in parts],
        ['_'.join(filter(None, part)) for part in parts],
    ]
    names = list(choices[0])
    for level in choices[1:]:
        # A file system may not tell upper from lower case.
        counts = Counter(name.lower() for name in names)
        names = [new if counts[old.lower()] > 1 else old for old, new in zip(names, level)]
    counts = Counter(name.lower() for name in names)
    twice = [path for path, name in zip(paths, names) if counts[name.lower()] > 1]
    if twice:
        raise FormatError(f'{twice[0]}: is named twice. Name every input once.')
    return names
