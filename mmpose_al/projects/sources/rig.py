"""A calibrated rig: synchronised videos or folders of images, one a camera."""

import os.path as osp
from typing import Dict, List, Sequence

from ...converters.calibration import read_calibration
from ...converters.moments import common_count, frame_times
from ...converters.rigs import about_rig
from ...converters.sources import match_cameras, open_source, recording_name
from ...converters.view_names import find_recordings, told_by_names
from ...datasets.format import FormatError
from ...fileio import read_bytes
from ..registry import PROJECT_SOURCES
from ..table import Camera, Clip, Table, View
from .base import Options, ProjectSource
from .calibration_files import calibrations_beside, views_folder
from .videos import choose_frames


@PROJECT_SOURCES.register_module(name='rig')
class Rig(ProjectSource):
    """All that ``convert videos`` takes; each folder holds recordings of cameras of one name.

    The cameras of a folder may have been calibrated for it alone.
    """

    order = 50
    looks = 'a calibrated rig (a folder of views and --calibration FILE, or NAME=PATH ...)'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        if is_named(path):
            return True
        return views_folder(path) is not None and bool(calibration_of(path, options))

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        named = [path for path in paths if is_named(path)]
        folders = [path for path in paths if not is_named(path)]
        names = [recording_name(path) for path in folders] + ['rig'] * bool(named)
        views = [[views_folder(path) or path] for path in folders] + [named] * bool(named)
        table = Table('rig')
        for name, each, files in zip(names, views, calibrations(folders, named, options, table)):
            for part, found in find_recordings(each, files, options.unit).items():
                whole = f'{name}_{part}' if part else name
                table.said += [f'recording {whole}: {line}' for line in told_by_names(found)]
                add_recording(table, whole, found, files, options)
        return table


def is_named(path: str) -> bool:
    """Whether it is ``NAME=PATH``."""
    return '=' in path and not osp.exists(path)


def calibrations(
    folders: Sequence[str], named: Sequence[str], options: Options, table: Table
) -> List[List[str]]:
    """Calibration files of each recording: those beside it, else those of the first that has some.

    Those of ``--calibration`` count for all. The table says where files beside a recording are
    not used, and where a recording has none.

    Args:
        folders (Sequence[str]): Of recordings.
        named (Sequence[str]): Views of one more recording, ``NAME=PATH``.
        options (Options): Of the command.
        table (Table): Takes what is to be said.

    Raises:
        FormatError: There are none, or several beside a recording.
    """
    if options.calibration:
        given = list(options.calibration)
        for folder in folders:
            others = _others(folder, given)
            if others:
                table.said.append(f'{others[0]}: not used, because of --calibration {given[0]}')
        return [given] * (len(folders) + bool(named))
    own = [calibration_of(folder, options) for folder in folders] + [[]] * bool(named)
    first = next((files for files in own if files), None)
    if first is None:
        raise FormatError(f'{(*folders, *named)[0]}: is a view of a rig; give --calibration FILE')
    for folder, files in zip((*folders, *named), own):
        if not files:
            table.said.append(f'{folder}: no calibration beside it, so that of {first[0]} counts')
    return [files or first for files in own]


def calibration_of(folder: str, options: Options) -> List[str]:
    """Files of ``--calibration``; without, the one beside the views of a folder, if there is one.

    Raises:
        FormatError: There are several.
    """
    if options.calibration:
        return list(options.calibration)
    found = calibrations_beside(folder)
    if len(found) > 1 and not all(name.endswith(('.yml', '.yaml')) for name in found):
        raise FormatError(
            f'{osp.dirname(found[0])}: has several calibrations: '
            f'{", ".join(map(osp.basename, found))}. Name one: --calibration FILE'
        )
    return found


def _others(folder: str, given: Sequence[str]) -> List[str]:
    """Calibrations beside a folder that do not say what the given ones say."""
    known = {read_bytes(path) for path in given if osp.isfile(path)}
    return [path for path in calibrations_beside(folder) if read_bytes(path) not in known]


def add_recording(
    table: Table, name: str, paths: Dict[str, str], calibration: Sequence[str], options: Options
) -> None:
    """Add one recording to a table.

    Args:
        table (Table): Takes views, cameras and images.
        name (str): Of the recording.
        paths (dict): Camera -> its video or folder of images.
        calibration (Sequence[str]): Files.
        options (Options): Of the command.

    Raises:
        FormatError: Views do not fit one another or the calibration, or there is a recording of
            this name.
    """
    if name in {view.recording for view in table.rig_views}:
        raise FormatError(f'two recordings are both called {name!r}. Rename a folder')
    sources = [open_source(*item) for item in paths.items()]
    sizes = {source.name: source.size for source in sources}
    known = read_calibration(calibration, options.unit, sizes, views=sizes)
    matched = match_cameras(sources, known, calibration[0], options.size_change)
    unused = [camera['name'] for camera in known if camera['name'] not in sizes]
    cameras = [Camera.of(camera) for camera in matched]
    new = [camera for camera in cameras if camera not in table.cameras]
    of = f'{name}, ' if table.cameras else ''
    if new or unused:
        table.said += [of + line for line in about_rig(sources, matched, unused)]
    table.cameras += new
    count = common_count(sources, options.allow_unequal)
    nowhere = [None] * len(sources)
    times = frame_times(sources, count, nowhere, options.fps, report=lambda line: None)
    keep = [n for source in sources for n in options.keep.get(f'{name}/{source.name}', ())]
    numbers = choose_frames(sources[0]._replace(count=count), options, keep)
    for source, camera in zip(sources, cameras):
        view = View(name, camera, source, f'{name}/{source.name}', count, times)
        table.rig_views.append(view)
        table.shots += [view.shot(number) for number in numbers]
        if source.files is None:
            table.clips.append(Clip(source, list(numbers), view.folder))
        else:
            table.folders[view.folder] = osp.abspath(source.path)
