"""A rig's views, cameras and times, and the keypoints that come with it."""

import os.path as osp
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..converters.calibration import read_calibration
from ..converters.common import category_of
from ..converters.moments import common_count, frame_times
from ..converters.rigs import about_rig
from ..converters.sources import Source, match_cameras, open_source, recording_name
from ..converters.view_names import camera_of_table, cameras_of_views, find_recording, told_by_names
from ..datasets.format import FormatError
from ..fileio import FileError, make_folder
from .inputs import Recording, of_source
from .keypoint_files import KeypointFile
from .predictions import Skeleton
from .views import ViewKeypoints


class Calibration(NamedTuple):
    """Files of a calibration, and how they are read.

    Attributes:
        paths (list[str]): See :func:`mmpose_al.converters.calibration.read_calibration`.
        unit (str, optional): ``'mm'``, ``'cm'`` or ``'m'``.
        size_change (str, optional): What became of images of another size, see
            :func:`mmpose_al.converters.sources.resized`.
    """

    paths: List[str]
    unit: Optional[str] = None
    size_change: Optional[str] = None


class Rig(NamedTuple):
    """The views of a rig in the order of their names.

    Attributes:
        name (str): Of the recording.
        recordings (list[Recording]): Of the V views.
        cameras (list[dict]): Theirs.
        count (int): Frames that all have.
        times (ndarray, optional): Seconds of the frames; None where nothing tells.
    """

    name: str
    recordings: List[Recording]
    cameras: List[dict]
    count: int  # type: ignore[assignment]
    times: Optional[np.ndarray]


def open_rig(
    words: Sequence[str],
    calibration: Calibration,
    folder: str,
    fps: Optional[float] = None,
    allow_unequal: bool = False,
    report: Callable[[str], None] = print,
    name: Optional[str] = None,
) -> Rig:
    """Look at a rig.

    Args:
        words (list[str]): A folder of videos or of folders of images, or ``NAME=PATH`` of
            each view.
        calibration (Calibration): Its cameras have the names of the views.
        folder (str): Keeps the time stamps of videos.
        fps (float, optional): Frames a second, whatever the videos tell.
        allow_unequal (bool): Leave out what is beyond the shortest view.
        report (callable): Takes lines about the rig.
        name (str, optional): Of the recording; by default that of the folder.

    Raises:
        FormatError: Views, cameras and sizes do not fit, or the views are not synchronised.
    """
    views = find_recording(words, calibration.paths, calibration.unit)
    for line in told_by_names(views):
        report(line)
    sources = [open_source(*item) for item in views.items()]
    sizes = {source.name: source.size for source in sources}
    read = read_calibration(calibration.paths, calibration.unit, sizes, views=sizes)
    cameras = match_cameras(sources, read, calibration.paths[0], calibration.size_change)
    for line in about_rig(sources, cameras, [c['name'] for c in read if c['name'] not in sizes]):
        report(line)
    count = common_count(sources, allow_unequal)
    folders = [osp.join(folder, source.name) for source in sources]
    for each in folders:
        make_folder(each)
    times = frame_times(sources, count, folders, fps, report)
    if name is None:
        name = recording_name(words[0]) if len(words) == 1 else 'rig'
    recordings = [of_source(source) for source in sources]
    return Rig(name, recordings, cameras, count, None if times is None else np.array(times))


def views_of_file(
    content: KeypointFile,
    path: str,
    skeleton: Skeleton,
    calibration: Optional[Calibration] = None,
    rig: Optional[Rig] = None,
    fps: Optional[float] = None,
) -> ViewKeypoints:
    """The keypoints of a file with the cameras that saw them.

    Args:
        content (KeypointFile): What the file holds.
        path (str): The file, for errors.
        skeleton (Skeleton): Of its keypoints.
        calibration (Calibration, optional): In place of the file's own cameras. Views without
            names are taken in its order.
        rig (Rig, optional): The recording, where it is there; in place of the calibration.
        fps (float, optional): Frames a second, where there is no rig.

    Raises:
        FileError: The views are not those of the cameras, or there are no cameras.
    """
    content = _named_by_cameras(content, calibration, rig)
    pixels, scores, count = content.pixels, content.scores, content.pixels.shape[1]
    times = None if not fps else np.arange(len(pixels)) / fps
    if rig is not None:
        order = _order(content.views, [c['name'] for c in rig.cameras], count, path)
        if content.images is not None:
            pixels, scores = _at_images(content, rig, order, path)
            order = list(range(len(order)))
        cameras, length = rig.cameras, min(len(pixels), rig.count)
        pixels, scores = pixels[:length, order], scores[:length, order]
        times = times if rig.times is None else rig.times[:length]
        files = [[r.frame_name(n) for n in range(length)] for r in rig.recordings]
        name = rig.name
    else:
        cameras = _cameras(content, path, calibration)
        name = content.name
        files = [[f'{c["name"]}/{n:06d}.jpg' for n in range(len(pixels))] for c in cameras]
    return ViewKeypoints(name, content.scorer, skeleton, cameras, files, times, pixels, scores)


def _at_images(
    content: KeypointFile, rig: Rig, order: Sequence[int], path: str
) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints and confidences of rows that images name, at the frames of a rig's images.

    Raises:
        FileError: A view has no such image, or views have their images at different frames.
    """
    names = [content.images[view] for view in order] if content.images else []
    found = []
    for recording, rows in zip(rig.recordings, names):
        known = {osp.basename(recording.frame_name(n)): n for n in range(rig.count)}
        missing = [row for row in rows if row and osp.basename(row) not in known]
        if missing:
            raise FileError(
                f'{path}: view {recording.name!r} has a row {missing[0]!r}, and no such image is '
                'among its frames. Give the recording that the tables are of'
            )
        found.append([known[osp.basename(row)] if row else -1 for row in rows])
    frames = np.array(found)
    apart = np.flatnonzero((frames != frames[0]).any(0))
    if len(apart):
        row = int(apart[0])
        raise FileError(
            f'{path}: {names[0][row]!r} is frame {frames[0, row]} of its view, and '
            f'{names[-1][row]!r} frame {frames[-1, row]}. Rows of all views are the same moments'
        )
    there = frames[0] >= 0
    shape = (rig.count, *content.pixels.shape[1:])
    pixels, scores = np.full(shape, np.nan), np.zeros(shape[:-1])
    pixels[frames[0, there]] = content.pixels[there]
    scores[frames[0, there]] = content.scores[there]
    return pixels[:, order], scores[:, order]


def _named_by_cameras(
    content: KeypointFile, calibration: Optional[Calibration], rig: Optional[Rig]
) -> KeypointFile:
    """Keypoints whose views have the names of their cameras, as far as theirs tell them."""
    if content.views is None:
        return content
    if rig is not None:
        known = rig.cameras
    elif calibration is not None and calibration.paths:
        known = read_calibration(calibration.paths, calibration.unit, views=())
    else:
        return content
    names = cameras_of_views(content.views, [camera['name'] for camera in known])
    return content._replace(views=names)


def _order(views: Optional[List[str]], names: Sequence[str], count: int, path: str) -> List[int]:
    """Place in the file of each camera's view."""
    if views is None:
        if count != len(names):
            raise FileError(
                f'{path}: has {count} views, the calibration {len(names)} cameras '
                f'({", ".join(names)}). Name the views: an array "cameras" in the file.'
            )
        return list(range(count))
    lacking = [name for name in names if name not in views]
    if lacking:
        raise FileError(
            f'{path}: has no view {lacking[0]!r}; it has {", ".join(views)}. Name views and '
            'cameras alike.'
        )
    return [views.index(name) for name in names]


def _check_views(views: Sequence[str], cameras: List[str], path: str, source: str) -> None:
    """Refuse views whose names tell no camera of the calibration.

    Raises:
        FileError: It says what the names tell.
    """
    unknown = [name for name in views if name not in cameras]
    if not unknown:
        return
    told = [camera_of_table(name, cameras) for name in views]
    known = [each for each in told if each is not None]
    recordings = list(dict.fromkeys(recording for _, recording in known))
    twice = [each for each in known if known.count(each) > 1]
    if len(known) == len(views) and twice:
        same = [name for name, each in zip(views, told) if each == twice[0]]
        problem = f'{", ".join(same)} are tables of one camera, {twice[0][0]}'
        remedy = 'Take one out, as the filtered or the unfiltered one of each camera'
    elif len(known) == len(views) and len(recordings) > 1:
        problem = f'has tables of several recordings: {", ".join(recordings)}'
        remedy = 'Put those of each into a folder of its own'
    else:
        problem = f'{unknown[0]!r} names no camera of {source}, which has {", ".join(cameras)}'
        remedy = 'Call each view like its camera, or RECORDING_CAMERA'
    raise FileError(f'{path}: {problem}. {remedy}')


def _cameras(content: KeypointFile, path: str, calibration: Optional[Calibration]) -> List[dict]:
    """The cameras of a file's views, for images of the size that the file tells."""
    count = content.pixels.shape[1]
    change = None if calibration is None else calibration.size_change
    if calibration is not None and calibration.paths:
        source = calibration.paths[0]
        sizes: Dict[str, Tuple[int, int]] = {}
        if content.views and content.sizes:
            sizes = dict(zip(content.views, content.sizes))
        read = read_calibration(calibration.paths, calibration.unit, sizes, views=content.views)
        named = {camera['name']: camera for camera in read if 'K' in camera}
        if content.views is None:
            _order(None, list(named), count, path)
            read = list(named.values())
        else:
            everything = read_calibration(calibration.paths, calibration.unit, views=())
            _check_views(content.views, [camera['name'] for camera in everything], path, source)
            _order(list(named), content.views, count, source)
            read = [named[name] for name in content.views]
    elif content.cameras is not None:
        read, source = content.cameras, path
    else:
        raise FileError(f'{path}: holds no cameras. Give --calibration.')
    if content.sizes is None:
        return list(read)
    views = [
        Source(camera['name'], path, None, len(content.pixels), size, None)
        for camera, size in zip(read, content.sizes)
    ]
    return match_cameras(views, read, source, change)


def skeleton_of(joints: Optional[Sequence[str]], count: int, metainfo: str, path: str) -> Skeleton:
    """Names and links of a file's keypoints.

    Args:
        joints (list[str], optional): Names that the file tells; None: those of the metainfo.
        count (int): How many keypoints there are.
        metainfo (str): File in MMPose's form, see ``category_of``.
        path (str): The file, for errors.

    Raises:
        FormatError: The file tells no names, and the metainfo has another number.
    """
    category = category_of(metainfo)
    names = category['keypoints']
    links = [(start - 1, end - 1) for start, end in category['skeleton']]
    if joints is None and len(names) != count:
        raise FormatError(
            f'{path}: has {count} keypoints and does not name them; {metainfo} has {len(names)}. '
            'Give --metainfo, or an array "joints" in the file.'
        )
    if joints is None or list(joints) == names:
        return Skeleton(list(names), links)
    return Skeleton(list(joints), [])
