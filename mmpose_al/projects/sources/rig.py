"""A calibrated rig: synchronised videos or folders of images, one a camera."""

import glob
import os.path as osp
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ...converters.calibration import read_calibration
from ...converters.moments import common_count, frame_times
from ...converters.rigs import about_rig
from ...converters.sources import (
    Source,
    find_views,
    match_cameras,
    open_source,
    pictures,
    recorded,
    recording_name,
)
from ...datasets.format import FormatError
from ...fileio import visible_names
from ..registry import PROJECT_SOURCES
from ..table import Clip, Shot, Table
from .base import Options, ProjectSource
from .videos import choose_frames

CALIBRATIONS = ('*.toml', '*.qca', '*.qca.txt', '*.yml', '*.yaml', '*.xml')


@PROJECT_SOURCES.register_module(name='rig')
class Rig(ProjectSource):
    """All that ``convert videos`` takes; each folder is one recording of the same cameras."""

    order = 50
    looks = 'a calibrated rig (a folder of views and --calibration FILE, or NAME=PATH ...)'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        if is_named(path):
            return True
        return views_folder(path) is not None and bool(calibration_of([path], options))

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        calibration = calibration_of(paths, options)
        if not calibration:
            raise FormatError(f'{paths[0]}: is a view of a rig; give --calibration FILE')
        named = [path for path in paths if is_named(path)]
        recordings = [
            (recording_name(path), [views_folder(path) or path]) for path in paths[len(named) :]
        ]
        recordings += [('rig', named)] if named else []
        names = [name for name, _ in recordings]
        if len(set(names)) < len(names):
            raise FormatError(f'two recordings are both called {names[0]!r}. Rename a folder')
        table = Table('rig')
        for name, views in recordings:
            add_recording(table, name, views, calibration, options)
        return table


class Recording(NamedTuple):
    """Views of one recording and the moments that a project takes.

    Attributes:
        name (str): Of the recording.
        sources (list[Source]): The views.
        numbers (list[int]): Frames.
        times (list[float], optional): Seconds of all frames.
    """

    name: str
    sources: List[Source]
    numbers: List[int]
    times: Optional[List[float]]


def is_named(path: str) -> bool:
    """Whether it is ``NAME=PATH``."""
    return '=' in path and not osp.exists(path)


def views_folder(path: str) -> Optional[str]:
    """The folder of the views: the path, or its ``videos``; None without two views."""
    for folder in (path, osp.join(path, 'videos')):
        if osp.isdir(folder):
            names, views = visible_names(folder), recorded(folder)
            views += [name for name in names if _holds_images(osp.join(folder, name))]
            if len(views) >= 2:
                return folder
    return None


def calibration_of(paths: Sequence[str], options: Options) -> List[str]:
    """Files of ``--calibration``; without, the one beside the views, if there is one.

    Raises:
        FormatError: There are several.
    """
    if options.calibration:
        return list(options.calibration)
    for path in paths:
        for folder in (path, osp.join(path, 'calibration'), osp.join(path, '..', 'calibration')):
            found = sorted(
                {
                    name
                    for pattern in CALIBRATIONS
                    for name in glob.glob(osp.join(glob.escape(folder), pattern))
                    if _is_calibration(name)
                }
            )
            if len(found) > 1 and not all(name.endswith(('.yml', '.yaml')) for name in found):
                raise FormatError(
                    f'{folder}: has several calibrations: {", ".join(map(osp.basename, found))}. '
                    'Name one: --calibration FILE'
                )
            if found:
                return found
    return []


def _is_calibration(path: str) -> bool:
    """Whether a file has words of a calibration, not of a config."""
    with open(path, 'rb') as file:
        head = file.read(4096)
    return any(word in head for word in (b'<calibration', b'matrix', b'K_', b'camera_matrix'))


def add_recording(
    table: Table, name: str, views: List[str], calibration: Sequence[str], options: Options
) -> None:
    """Add one recording to a table.

    Raises:
        FormatError: Views do not fit one another or the calibration.
    """
    sources = [open_source(*item) for item in find_views(views).items()]
    sizes = {source.name: source.size for source in sources}
    known = read_calibration(calibration, options.unit, sizes, views=sizes)
    cameras = match_cameras(sources, known, calibration[0], options.size_change)
    unused = [camera['name'] for camera in known if camera['name'] not in sizes]
    if not table.cameras:
        table.said += about_rig(sources, cameras, unused)
    table.cameras += [c for c in cameras if c['name'] not in {k['name'] for k in table.cameras}]
    count = common_count(sources, options.allow_unequal)
    nowhere = [None] * len(sources)
    times = frame_times(sources, count, nowhere, options.fps, report=lambda line: None)
    keep = [n for source in sources for n in options.keep.get(f'{name}/{source.name}', ())]
    numbers = choose_frames(sources[0]._replace(count=count), options, keep)
    recording = Recording(name, sources, numbers, times)
    for source in sources:
        folder, files = _images(table, recording, source)
        table.shots += [
            Shot(
                f'{folder}/{file}',
                source.size,
                name,
                number,
                None if times is None else times[number],
                source.name,
            )
            for number, file in zip(numbers, files)
        ]


def _images(table: Table, recording: Recording, source: Source) -> Tuple[str, List[str]]:
    """Folder below ``images`` of a view, and its files; videos become clips."""
    folder = f'{recording.name}/{source.name}'
    if source.files is not None:
        table.folders[folder] = osp.abspath(source.path)
        return folder, [source.files[number] for number in recording.numbers]
    table.clips.append(Clip(source, list(recording.numbers), folder))
    return folder, [f'{number:06d}.jpg' for number in recording.numbers]


def _holds_images(folder: str) -> bool:
    return osp.isdir(folder) and bool(pictures(folder))
