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
from .joining import home, join
from .table import Clip, Shot, Table, View

BETWEEN = ('_', '-', '.', ' ')  # recording and camera, in the name of a labelled recording
# What a labelled image may differ from its frame as a small grey image, in grey levels of 255: on
# the mean, and in the few blocks that differ most, as where an animal is elsewhere.
SMALL, UNLIKE, UNLIKE_BLOCKS, BLOCKS = (64, 64), 3.0, 20.0, 4
LOOK = 5000  # frames from the beginning among which images are compared: all are decoded
NEAR = 10  # frames before and after, of which none may be twice as like


def names_of(view: View) -> Set[str]:
    """What a labelled recording may be called that is a view's."""
    recording, camera = view.recording, view.camera.name
    joined = {f'{recording}{between}{camera}' for between in BETWEEN}
    if recording[-1].isdigit() != camera[0].isdigit():  # trial12 is not camera 2 of trial1
        joined.add(recording + camera)
    return {view.file_stem, *joined}


def join_with_rig(tables: Sequence[Table]) -> Table:
    """All sources as one table, in which labels of single videos are those of a rig's views.

    Raises:
        FormatError: See :func:`labels_in_views` and :func:`~.table.join`.
    """
    views = [view for table in tables for view in table.rig_views]
    if not views:
        return join(tables)
    tied = []
    for table in tables:
        if table.labeled and not table.rig_views:
            table = (calibrated_labels if table.cameras else labels_in_views)(table, views)
        tied.append(table)
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
            placed = [shot for shot in (_in_view(each, view) for each in mine) if shot is not None]
            shots += placed
            said.append(
                f'labels of {name} are those of camera {view.camera.name}, recording '
                f'{view.recording}'
            )
            if len(placed) < len(mine):
                said.append(
                    f'warning: {len(mine) - len(placed)} labelled images of {name} are left out: '
                    f'another view of {view.recording} has {view.count} frames'
                )
            unlike = first_unlike(placed, view, table.folders)
            if unlike is not None:
                said.append(
                    f'warning: {_differs(unlike, view)}. Is that the video that was labelled, '
                    'from its first frame on?'
                )
    lost = {name: labelled[name] for name, view in found.items() if view is None}
    if lost:
        said.append(
            f'warning: {sum(lost.values())} labelled images are of no view of the rig and are left '
            f'out: {_listed(lost)}. Give the videos of these recordings too'
        )
    cameras = list(dict.fromkeys(shot.camera for shot in shots if shot.camera is not None))
    clips = _clips_of(table.clips, {shot.file_name for shot in shots})
    return replace(table, shots=shots, clips=clips, cameras=cameras, said=table.said + said)


def calibrated_labels(table: Table, views: Sequence[View]) -> Table:
    """A table of labelled views whose recordings a rig has too: with the rig's cameras.

    Those of the rig count, as it may have been calibrated anew since.

    Raises:
        FormatError: The rig's recording of the same name shows something else.
    """
    known = {(view.recording, view.camera.name): view for view in views}
    recordings = {view.recording for view in views}
    mine: Dict[tuple, List[Shot]] = {}
    shots, anew, lost = [], set(), []
    for shot in table.shots:
        if shot.camera is None or shot.sequence not in recordings:
            shots.append(shot)
            continue
        key = shot.sequence, shot.camera.name
        view = known.get(key)
        if view is None:
            lost.append(shot)
            continue
        if shot.index >= view.count:
            raise FormatError(
                f'{shot.file_name}: is frame {shot.index} of {view.recording}, and '
                f'{view.source.path} has {view.count} that all views have. Give the whole recording'
            )
        if shot.camera != view.camera:
            anew.add(view.recording)
        shots.append(_of_size(shot, view)._replace(camera=view.camera))
        mine.setdefault(key, []).append(shots[-1])
    for key, seen in mine.items():
        view = known[key]
        unlike = first_unlike([shot for shot in seen if shot.is_labeled], view, table.folders)
        if unlike is not None:
            raise FormatError(
                f'{_differs(unlike, view)}, though both are called {view.recording!r}, camera '
                f'{view.camera.name}. Give the folder of another recording another name'
            )
    said = [
        f'{name}: calibrated anew since it was labelled; the new calibration counts'
        for name in sorted(anew)
    ]
    labelled = Counter(f'{s.sequence}, {s.camera.name}' for s in lost if s.is_labeled and s.camera)
    if labelled:
        said.append(
            f'warning: {sum(labelled.values())} labelled images are of views that the rig lacks '
            f'and are left out: {_listed(labelled)}. Give these views too'
        )
    cameras = list(dict.fromkeys(shot.camera for shot in shots if shot.camera is not None))
    return replace(table, shots=shots, cameras=cameras, said=table.said + said)


def whole_frames(table: Table, views: Sequence[View]) -> Table:
    """A table in which every view of a labelled moment is there, labelled or not."""
    moments = {(shot.sequence, shot.index) for shot in table.shots if shot.is_labeled}
    there = {(shot.sequence, shot.index, shot.camera and shot.camera.name) for shot in table.shots}
    more: Dict[str, List[int]] = {}
    shots = list(table.shots)
    for view in views:
        for sequence, index in sorted(moments, key=lambda moment: moment[1]):
            name = view.camera.name
            missing = sequence == view.recording and (sequence, index, name) not in there
            if missing and index < view.count:
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


def _of_size(shot: Shot, view: View) -> Shot:
    """The image, if it has the size of a view.

    Raises:
        FormatError: It has another.
    """
    if tuple(shot.size) != tuple(view.camera.size):
        width, height = view.camera.size
        raise FormatError(
            f'{shot.file_name}: is {shot.size[0]}x{shot.size[1]}, and the camera '
            f'{view.camera.name} of {view.recording} takes {width}x{height}. Labels of cropped or '
            'resized images have to be brought to the frames of the video'
        )
    return shot


def _in_view(shot: Shot, view: View) -> Optional[Shot]:
    """A labelled image as one of a view; None where another view ends before it.

    Raises:
        FormatError: It has another size, is beyond the video's end, or its name does not tell
            which frame it is.
    """
    _of_size(shot, view)
    index = view.place(shot)
    if index is None:
        raise FormatError(
            f'{shot.file_name}: its name does not tell which frame of {view.source.path} it is. '
            'Name the images as the frames, or by their numbers, as img0012.png; in a name with '
            'several numbers one may differ between the images'
        )
    if index >= view.source.count:
        raise FormatError(
            f'{shot.file_name}: is frame {index} of {shot.sequence}, and {view.source.path} '
            f'has {view.source.count}. Give the videos that were labelled, not parts of them'
        )
    if index >= view.count:
        return None
    time = None if view.times is None else view.times[index]
    return shot._replace(
        sequence=view.recording, index=index, time=time, camera=view.camera, counted=True
    )


def first_unlike(shots: Sequence[Shot], view: View, folders: Mapping[str, str]) -> Optional[Shot]:
    """The first labelled image that does not look like its frame of a view, among a few.

    As where the video is that of another day, or was cut at its beginning. The first, middle and
    last one are compared, within some minutes from the beginning, as small grey images, in which
    compression shows no more. They have to look like their frame, and no frame near it may be twice
    as like.

    Args:
        shots (Sequence[Shot]): Images of the view.
        view (View): It.
        folders (Mapping): Name below the project's ``images`` -> folder.
    """
    files = {shot.index: shot for shot in shots if _file(shot, folders) is not None}
    order = sorted(files)
    order = [number for number in order if number < LOOK] or order[:1]
    few = sorted({order[place] for place in (0, len(order) // 2, -1)}) if order else []
    near = {
        number: [n for n in range(number - NEAR, number + NEAR + 1) if 0 <= n < view.source.count]
        for number in few
    }
    wanted = sorted({n for numbers in near.values() for n in numbers})
    frames = dict(zip(wanted, thumbnails(view.source, wanted, SMALL))) if wanted else {}
    for number in few:
        path = _file(files[number], folders) or ''
        folder, name = osp.split(path)
        image = Source(path, folder, [name], 1, files[number].size, None)
        small = thumbnails(image, [0], SMALL)[0]
        away = {n: float(np.sqrt(np.mean((small - frames[n]) ** 2))) for n in near[number]}
        difference = small - frames[number]
        blocks = np.sort(np.abs(difference - np.median(difference)))[-BLOCKS]
        unlike = np.abs(difference).mean() > UNLIKE or blocks > UNLIKE_BLOCKS
        if unlike or min(away.values()) < away[number] / 2:
            return files[number]
    return None


def _file(shot: Shot, folders: Mapping[str, str]) -> Optional[str]:
    """The file of an image; None where it is yet to be made of a video."""
    name = home(shot, folders)
    if name is None:
        return None
    path = osp.join(folders[name], shot.file_name[len(name) + 1 :])
    return path if osp.isfile(path) else None


def _differs(shot: Shot, view: View) -> str:
    return f'{shot.file_name} does not look like frame {shot.index} of {view.source.path}'


def _clips_of(clips: Sequence[Clip], files: Set[str]) -> List[Clip]:
    """Videos with the frames alone of which images are wanted."""
    chosen = [
        clip._replace(numbers=[n for n in clip.numbers if clip.image(n) in files]) for clip in clips
    ]
    return [clip for clip in chosen if clip.numbers]


def _listed(names: Iterable[Optional[str]]) -> str:
    text = ', '.join(sorted({name or 'images' for name in names}))
    return text if len(text) <= 200 else f'{text[:197]}...'
