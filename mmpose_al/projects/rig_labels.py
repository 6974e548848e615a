"""Labels that people gave in single videos become labels of the views of a rig.

A laboratory that has labelled its videos in DeepLabCut or Lightning Pose, and calibrates its
cameras, has the labels of several views already. What ties a labelled recording to a view is its
name: that of the view's video, or of its recording and camera.
"""

import os.path as osp
from collections import Counter
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set

import numpy as np

from ..converters.sources import Source, thumbnails
from ..datasets.format import FormatError
from .table import Clip, Shot, Table, View, join

BETWEEN = ('_', '-', '.', ' ', '')  # recording and camera, in the name of a labelled recording
UNLIKE = 3.0  # grey levels, of 255, between small images of one frame, at most


def names_of(view: View) -> Set[str]:
    """What a labelled recording may be called that is a view's."""
    joined = {f'{view.recording}{between}{view.camera.name}' for between in BETWEEN}
    return {view.file_stem, *joined}


def join_with_rig(tables: Sequence[Table]) -> Table:
    """All sources as one table, in which labels of single videos are those of a rig's views.

    Raises:
        FormatError: See :func:`labels_in_views` and :func:`~.table.join`.
    """
    views = [view for table in tables for view in table.rig_views]
    if not views:
        return join(tables)
    tied = [
        labels_in_views(table, views) if table.labeled and not table.cameras else table
        for table in tables
    ]
    return whole_frames(join(tied), views)


def labels_in_views(table: Table, views: Sequence[View]) -> Table:
    """A table of labelled recordings as labels of a rig's views.

    Images without labels are left out, as the rig has its own, and so are labels of recordings
    that are no view; the table says which.

    Args:
        table (Table): Without cameras.
        views (Sequence[View]): Of the rig.

    Raises:
        FormatError: No recording is a view's; one may be that of several views; or its images are
            not frames of the view.
    """
    labelled = Counter(shot.sequence for shot in table.shots if shot.is_labeled)
    found = {name: _view_called(name, views) for name in labelled}
    if not any(found.values()):
        raise FormatError(
            f'{table.kind}: none of the labelled recordings ({_listed(labelled)}) is a view of the '
            f'rig ({_listed(view.file_stem for view in views)}). Labels join a rig where their '
            'recordings are called like its videos, or RECORDING_CAMERA. Else make a project of '
            'each. Views of a rig need a calibration beside them, or --calibration FILE for all'
        )
    shots, said = [], []
    for name, view in found.items():
        if view is not None:
            mine = [s for s in table.shots if s.is_labeled and s.sequence == name]
            shots += [_in_view(shot, view) for shot in mine]
            said.append(
                f'labels of {name} are those of camera {view.camera.name}, recording '
                f'{view.recording}'
            )
            said += _unlike(min(mine, key=lambda shot: shot.index), view, table.folders)
    lost = {name: labelled[name] for name, view in found.items() if view is None}
    if lost:
        said.append(
            f'warning: {sum(lost.values())} labelled images are of no view of the rig and are left '
            f'out: {_listed(lost)}. Give the videos of these recordings too'
        )
    cameras = list(dict.fromkeys(shot.camera for shot in shots if shot.camera is not None))
    clips = _clips_of(table.clips, {shot.file_name for shot in shots})
    return replace(table, shots=shots, clips=clips, cameras=cameras, said=table.said + said)


def whole_frames(table: Table, views: Sequence[View]) -> Table:
    """A table in which every view of a labelled moment is there, labelled or not."""
    moments = {(shot.sequence, shot.index) for shot in table.shots if shot.is_labeled}
    there = {(shot.sequence, shot.index, shot.camera) for shot in table.shots}
    more: Dict[str, List[int]] = {}
    shots = list(table.shots)
    for view in views:
        for sequence, index in sorted(moments, key=lambda moment: moment[1]):
            missing = sequence == view.recording and (sequence, index, view.camera) not in there
            if missing and index < view.source.count:
                shots.append(view.shot(index))
                more.setdefault(view.folder, []).append(index)
    clips = [
        Clip(clip.source, sorted({*clip.numbers, *more.get(clip.folder, ())}), clip.folder)
        for clip in table.clips
    ]
    return replace(table, shots=shots, clips=clips)


def _view_called(name: Optional[str], views: Sequence[View]) -> Optional[View]:
    """The view that a labelled recording is of; None without.

    Raises:
        FormatError: It may be several.
    """
    fitting = [view for view in views if name in names_of(view)]
    if len(fitting) > 1:
        raise FormatError(
            f'the labelled recording {name!r} may be camera {fitting[0].camera.name} of '
            f'{_listed(view.recording for view in fitting)}. Label files name it like the video: '
            'give videos of different names, or one recording'
        )
    return fitting[0] if fitting else None


def _in_view(shot: Shot, view: View) -> Shot:
    """A labelled image as one of a view.

    Raises:
        FormatError: It has another size, or is beyond the video's end.
    """
    if tuple(shot.size) != tuple(view.camera.size):
        width, height = view.camera.size
        raise FormatError(
            f'{shot.file_name}: is {shot.size[0]}x{shot.size[1]}, and the camera '
            f'{view.camera.name} of {view.recording} takes {width}x{height}. Labels of cropped or '
            'resized images have to be brought to the frames of the video'
        )
    if shot.index >= view.source.count:
        raise FormatError(
            f'{shot.file_name}: is frame {shot.index} of {shot.sequence}, and {view.source.path} '
            f'has {view.source.count}. Give the videos that were labelled, not parts of them'
        )
    time = None if view.times is None else view.times[shot.index]
    return shot._replace(sequence=view.recording, camera=view.camera, time=time)


def _unlike(shot: Shot, view: View, folders: Mapping[str, str]) -> List[str]:
    """A line where a labelled image does not look like its frame of the view.

    As where the video is that of another day, or was cut at its beginning. Both are compared as
    small grey images, in which compression shows no more.
    """
    home = next((name for name in folders if shot.file_name.startswith(f'{name}/')), None)
    if home is None:  # it is made of a video
        return []
    path = osp.join(folders[home], shot.file_name[len(home) + 1 :])
    image = Source(shot.file_name, osp.dirname(path), [osp.basename(path)], 1, shot.size, None)
    difference = thumbnails(image, [0]) - thumbnails(view.source, [shot.index])
    if np.abs(difference).mean() <= UNLIKE:
        return []
    return [
        f'warning: {shot.file_name} does not look like frame {shot.index} of {view.source.path}. '
        'Is that the video that was labelled, from its first frame on?'
    ]


def _clips_of(clips: Sequence[Clip], files: Set[str]) -> List[Clip]:
    """Videos with the frames alone of which images are wanted."""
    chosen = [
        clip._replace(numbers=[n for n in clip.numbers if clip.image(n) in files]) for clip in clips
    ]
    return [clip for clip in chosen if clip.numbers]


def _listed(names: Iterable[Optional[str]]) -> str:
    text = ', '.join(sorted({name or 'images' for name in names}))
    return text if len(text) <= 200 else f'{text[:197]}...'
