"""Which files beside a folder of views are its calibration."""

import glob
import os.path as osp
from typing import List, Optional, Sequence

from ...converters.calibration import read_calibration
from ...converters.sources import VIDEO_FOLDERS, find_views, pictures, recorded
from ...converters.view_names import camera_and_recording
from ...datasets.format import FormatError
from ...fileio import visible_names

CALIBRATIONS = ('*.toml', '*.qca', '*.qca.txt', '*.yml', '*.yaml', '*.xml')


def views_folder(path: str) -> Optional[str]:
    """The folder of the views: the path, or one of videos in it; None without two views."""
    for folder in (path, *(osp.join(path, name) for name in VIDEO_FOLDERS)):
        if osp.isdir(folder):
            names, views = visible_names(folder), recorded(folder)
            views += [name for name in names if _holds_images(osp.join(folder, name))]
            if len(views) >= 2:
                return folder
    return None


def calibrations_beside(path: str) -> List[str]:
    """The calibrations nearest to a folder of views, if there are any."""
    above = osp.dirname(osp.abspath(path))
    folders = [path, osp.join(path, 'calibration'), osp.join(above, 'calibration'), above]
    for folder in folders:
        patterns = [osp.join(glob.escape(folder), each) for each in CALIBRATIONS]
        found = {name for pattern in patterns for name in glob.glob(pattern)}
        found = {name for name in found if _is_calibration(name)}
        if found and (folder != above or _name_views(sorted(found), path)):
            return sorted(found)
    return []


def _name_views(calibration: Sequence[str], path: str) -> bool:
    """Whether calibrations above a folder name the cameras of its views.

    They may be of other folders there.
    """
    views = views_folder(path)
    try:
        known = {camera['name'] for camera in read_calibration(calibration, 'm', views=())}
        names = set(find_views([views])) if views else set()
    except FormatError:
        return False
    told = bool(names & known) or all(camera_and_recording(name, known) for name in names)
    return bool(names) and told


def _is_calibration(path: str) -> bool:
    """Whether a file has words of a calibration, not of a config."""
    with open(path, 'rb') as file:
        head = file.read(4096)
    return any(word in head for word in (b'<calibration', b'matrix', b'K_', b'camera_matrix'))


def _holds_images(folder: str) -> bool:
    return osp.isdir(folder) and bool(pictures(folder))
