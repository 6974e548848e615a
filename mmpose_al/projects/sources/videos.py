"""One or several videos, each a recording of its own."""

import os.path as osp
from typing import List, Optional, Sequence

import numpy as np

from ...converters.sources import VIDEOS, Source, about_drawn, open_source, recorded, thumbnails
from ...datasets.format import FormatError
from ..registry import PROJECT_SOURCES
from ..table import Clip, Shot, Table
from .base import Options, ProjectSource, has_files
from .calibration_files import calibrations_beside

# Frames that look different are chosen among so many for each that is wanted.
CANDIDATES = 10


@PROJECT_SOURCES.register_module(name='videos')
class Videos(ProjectSource):
    """Frames of videos, without labels."""

    order = 60
    looks = 'videos, or a folder of them'

    def recognise(self, path: str, options: Options) -> bool:
        """See :class:`ProjectSource`."""
        is_video = osp.isfile(path) and path.lower().endswith(VIDEOS)
        return is_video or has_files(path, VIDEOS)

    def read(self, paths: Sequence[str], options: Options) -> Table:
        """See :class:`ProjectSource`."""
        table = Table('videos')
        for path in video_files(paths):
            clip = clip_of(path, options)
            if clip.folder in {each.folder for each in table.clips}:
                raise FormatError(
                    f'{path}: another video has the same name, {clip.folder!r}. Rename one'
                )
            table.clips.append(clip)
            table.shots += shots_of(clip)
        for folder in filter(osp.isdir, paths):
            table.said += about_drawn(folder)
        homes = dict.fromkeys(path if osp.isdir(path) else osp.dirname(path) for path in paths)
        for home in homes:
            for name in calibrations_beside(home)[:1]:
                table.said.append(
                    f'warning: {name} lies beside videos that are no rig here, and is not used. '
                    'The folder of all views of a recording is a rig, or NAME=VIDEO of each'
                )
        return table


def video_files(paths: Sequence[str]) -> List[str]:
    """The videos of paths that name videos or folders of them."""
    found = []
    for path in paths:
        if osp.isdir(path):
            found += [osp.join(path, name) for name in recorded(path)]
        else:
            found.append(path)
    return found


def clip_of(
    path: str, options: Options, taken: Sequence[int] = (), folder: Optional[str] = None
) -> Clip:
    """The frames of a video that a project takes.

    Args:
        path (str): The video.
        options (Options): How many, and which.
        taken (Sequence[int]): Frames that the project has already.
        folder (str, optional): Below the project's ``images``; by default the video's name.
    """
    name = osp.splitext(osp.basename(path))[0]
    source = open_source(name, path)
    if options.fps:
        source = source._replace(fps=options.fps)
    numbers = choose_frames(source, options, options.keep.get(folder or name, ()))
    return Clip(source, sorted(set(numbers) - set(taken)), folder or name)


def shots_of(clip: Clip, sequence: Optional[str] = None) -> List[Shot]:
    """The images that a clip becomes, those of one recording."""
    fps = clip.source.fps
    return [
        Shot(
            clip.image(number),
            clip.source.size,
            sequence or clip.source.name,
            number,
            round(number / fps, 6) if fps else None,
        )
        for number in clip.numbers
    ]


def choose_frames(source: Source, options: Options, keep: Sequence[int] = ()) -> List[int]:
    """Numbers of the frames to take, ascending, and those to ``keep`` among them."""
    kept = {number for number in keep if number < source.count}
    return sorted(kept.union(_chosen(source, options)))


def _chosen(source: Source, options: Options) -> List[int]:
    if options.step:
        return list(range(0, source.count, options.step))
    if options.frames >= source.count:
        return list(range(source.count))
    if options.spread:
        return different_frames(source, options.frames)
    return evenly(source.count, options.frames)


def evenly(count: int, num: int) -> List[int]:
    """``num`` of the numbers below ``count``, in the middle of as many equal parts."""
    return [int(place) for place in (np.arange(num) + 0.5) * count / num]


def different_frames(source: Source, num: int) -> List[int]:
    """``num`` frames that look different: those in the middle of clusters of small images.

    Images of 32x32 grey pixels are clustered (k-means); of each cluster the frame nearest
    to its centre is taken.
    """
    from sklearn.cluster import KMeans

    numbers = evenly(source.count, min(source.count, CANDIDATES * num))
    small = thumbnails(source, numbers)
    means = KMeans(num, n_init=1, random_state=0).fit(small)
    away = means.transform(small)
    chosen = []
    for cluster in range(num):
        members = np.flatnonzero(means.labels_ == cluster)
        if len(members):
            chosen.append(numbers[members[away[members, cluster].argmin()]])
    return sorted(chosen)
