"""Which camera and which recording a video of a rig is of, by its name.

Anipose, Lightning Pose and most laboratories put the videos of several recordings into one folder
and name each after recording and camera: ``vid1-camA.mp4``, ``walk_cam2.avi``, ``left.day1.mp4``.
"""

import os.path as osp
import re
from typing import Collection, Dict, List, Optional, Sequence, Tuple

from ..datasets.format import FormatError
from .calibration import read_calibration
from .sources import find_views

Recordings = Dict[str, Dict[str, str]]  # name -> camera -> path
ENDS = '-_. '  # what stands between the words of a name
CAM = '(?i:cam(?:era)?)[-_ ]?'
END = f'[{re.escape(ENDS)}]'
NETWORK = re.compile(r'DLC_.*$')  # which network DeepLabCut predicted with
OTHER_CAMERA = re.compile(rf'(?:^|{END}){CAM}(?:\d+|[A-Za-z])(?={END}|$)')


def find_recordings(
    views: Sequence[str], calibration: Sequence[str], unit: Optional[str] = None
) -> Recordings:
    """The recordings of a folder, or the one of ``NAME=PATH`` items.

    Args:
        views (list[str]): A folder, or ``NAME=PATH`` of each view.
        calibration (list[str]): Files; they name the cameras.
        unit (str, optional): See :func:`~.calibration.read_calibration`.

    Returns:
        dict: Name -> camera -> path. One recording, ``''``, where views are named after the
        cameras alone, and where not every name tells its camera.

    Raises:
        FormatError: A recording of several in a folder has one view only.
    """
    found = find_views(views)
    if len(views) > 1 or not osp.isdir(views[0]):
        return {'': found}
    cameras = [camera['name'] for camera in read_calibration(calibration, unit, views=())]
    if set(found) & set(cameras):
        return {'': found}
    recordings: Recordings = {}
    for name, path in found.items():
        told = camera_and_recording(name, cameras)
        if told is None or told[0] in recordings.setdefault(told[1], {}):
            return {'': found}
        recordings[told[1]][told[0]] = path
    for name, each in recordings.items():
        if len(each) < 2:
            path = next(iter(each.values()))
            one = {camera: path for views in recordings.values() for camera, path in views.items()}
            words = ' '.join(f"{camera}='{path}'" for camera, path in one.items())
            raise FormatError(
                f'{path}: is the only view of {name!r} in its folder. '
                + (
                    f'If all are views of one recording, name them: {words}'
                    if len(one) == len(found)
                    else 'Give its other views, or take it out'
                )
            )
    return recordings


def find_recording(
    views: Sequence[str], calibration: Sequence[str], unit: Optional[str] = None
) -> Dict[str, str]:
    """The views of the one recording, camera -> path; see :func:`find_recordings`.

    Raises:
        FormatError: There are several.
    """
    recordings = find_recordings(views, calibration, unit)
    if len(recordings) > 1:
        first = next(iter(recordings.values()))
        words = ' '.join(f'{name}={path}' for name, path in first.items())
        raise FormatError(
            f'{views[0]}: holds {len(recordings)} recordings: {", ".join(recordings)}. Name the '
            f'views of one: {words}'
        )
    return next(iter(recordings.values()))


def cameras_of_views(names: Sequence[str], cameras: Collection[str]) -> List[str]:
    """Names of views as those of their cameras.

    Tables that DeepLabCut wrote of a recording's videos are called ``vid1-camADLC_resnet50_...``.

    Args:
        names (Sequence[str]): Of the views.
        cameras (Collection[str]): Names of the calibrated ones.

    Returns:
        list[str]: The names as they are, where they are those of cameras, where one does not tell
        its camera, and where they are of several recordings.
    """
    if set(names) & set(cameras):
        return list(names)
    told = [camera_of_table(name, cameras) for name in names]
    found = [each for each in told if each is not None]
    one = len({recording for _, recording in found}) == 1
    if len(found) < len(names) or len({camera for camera, _ in found}) < len(names) or not one:
        return list(names)
    return [camera for camera, _ in found]


def camera_of_table(name: str, cameras: Collection[str]) -> Optional[Tuple[str, str]]:
    """Camera and recording that the name of a table tells, as of DeepLabCut's."""
    return camera_and_recording(NETWORK.sub('', name), cameras)


def told_by_names(views: Dict[str, str]) -> List[str]:
    """A line about which video is which camera, where only a part of its name says so."""
    names = {osp.splitext(osp.basename(path))[0] for path in views.values()}
    if names <= set(views) or {osp.basename(path) for path in views.values()} <= set(views):
        return []
    return ['views: ' + ', '.join(f'{k}={osp.basename(path)}' for k, path in views.items())]


def camera_and_recording(name: str, cameras: Collection[str]) -> Optional[Tuple[str, str]]:
    """Camera and recording of a view's name; None where no camera is in it, or several are.

    A camera is in a name as a word of its own, behind ``cam`` or alone. One behind ``cam`` counts:
    camera 2 of ``trial_1_cam2``, and no camera 1 of ``trial_1_cam3``. Capitals do not count where
    no word is the camera's with them.
    """
    differ = len({camera.lower() for camera in cameras}) == len(cameras)
    for flags in (0, re.IGNORECASE)[: 1 + differ]:
        for before in (CAM, ''):
            told = [each for camera in cameras for each in _in_name(name, camera, before, flags)]
            if told:
                return told[0] if len(told) == 1 and not OTHER_CAMERA.search(told[0][1]) else None
    return None


def _in_name(name: str, camera: str, before: str, flags: int) -> List[Tuple[str, str]]:
    """Camera and the rest of a name, for each place where the name has the camera."""
    pattern = rf'(?:^|{END}){before}{re.escape(camera)}(?={END}|$)'
    return [
        (camera, (name[: match.start()] + name[match.end() :]).strip(ENDS))
        for match in re.finditer(pattern, name, flags)
    ]
