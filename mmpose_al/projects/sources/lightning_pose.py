"""A Lightning Pose project: label files beside ``labeled-data``, one a view."""

import glob
import os.path as osp
from typing import Dict, List, Sequence

from ...converters.sources import about_drawn, recorded
from ..joining import join_projects
from ..registry import PROJECT_SOURCES
from ..table import Table
from .base import Options, ProjectSource
from .deeplabcut import LABELED, add_label_files, unlabeled_clip
from .videos import shots_of

HOMES = ('videos', 'videos_new')  # of videos, below the project


@PROJECT_SOURCES.register_module(name='lightning-pose')
class LightningPose(ProjectSource):
    """``CollectedData.csv``, or a ``CollectedData_<view>.csv`` of each view.

    Views become recordings of their own: without a calibration nothing ties them.
    """

    order = 20
    looks = 'a Lightning Pose project (CollectedData*.csv beside labeled-data)'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        return osp.isdir(osp.join(path, LABELED)) and bool(label_files(path))

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        folders = [osp.abspath(path) for path in paths]
        return join_projects([(folder, read_project(folder, options)) for folder in folders])


def read_project(folder: str, options: Options) -> Table:
    """A project's labels and videos.

    Raises:
        FormatError: Images are missing, or label files disagree.
    """
    files = label_files(folder)
    videos = find_videos(folder)
    table = Table('lightning-pose', folders={LABELED: osp.join(folder, LABELED)})
    add_label_files(table, folder, files, options, videos)
    if files[1:]:
        names = ', '.join(osp.basename(path) for path in files)
        table.said.append(f'views are recordings of their own: {names}')
    for home in HOMES:
        table.said += about_drawn(osp.join(folder, home))
    for name, path in videos.items():
        table.clips.append(unlabeled_clip(table, name, path, options))
        table.shots += shots_of(table.clips[-1], name)
    return table


def label_files(folder: str) -> List[str]:
    """The label files of a project, one a view."""
    return sorted(glob.glob(osp.join(glob.escape(folder), 'CollectedData*.csv')))


def find_videos(folder: str) -> Dict[str, str]:
    """Name of a recording -> its video."""
    found: Dict[str, str] = {}
    for home in (osp.join(folder, name) for name in HOMES):
        for name in recorded(home) if osp.isdir(home) else []:
            found.setdefault(osp.splitext(name)[0], osp.join(home, name))
    return found
