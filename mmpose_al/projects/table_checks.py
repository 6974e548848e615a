"""Whether a table can be written, and what a person should know of it before."""

from collections import Counter
from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from ..datasets.format import FormatError
from ..fileio import short
from .table import Camera, Shot, Table

TURNED = 15.0  # degrees between the axes of two recordings that are told


def check_table(table: Table) -> Table:
    """The table, if it can be written; joints outside their image become unlabelled.

    Raises:
        FormatError: No image is left, joints have one name, an image is there twice, or
            labels lie outside an image that has another size than its recording.
    """
    if not table.shots:
        raise FormatError('no image is left of the sources; check that they hold any')
    twice = [name for name, count in Counter(table.joints or []).items() if count > 1]
    if twice:
        raise FormatError(
            f'two joints are both called {twice[0]!r} (of {short(table.joints, 200)}). Give every '
            'joint its own name'
        )
    names = Counter(shot.file_name for shot in table.shots)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise FormatError(
            f'{len(twice)} images are there twice, first {twice[0]}. Give every image once'
        )
    outside: List[str] = []
    table.shots = [_inside(_numbered(shot), outside) for shot in table.shots]
    table.said += _other_sizes(table.shots, set(outside))
    table.said += turned_worlds(table.shots)
    if outside:
        table.said.append(
            f'{len(outside)} labelled joints outside their image count as unlabelled, first in '
            f'{outside[0]}'
        )
    return table


def turned_worlds(shots: Sequence[Shot]) -> List[str]:
    """A line for each recording whose world has other axes than that of the first.

    A camera that stays where it is has another R only where the world is turned: by the angle
    of R_first^T R. Cameras may be moved, so the median of those of both recordings counts.
    """
    recordings: Dict[Optional[str], Dict[str, Camera]] = {}
    for shot in shots:
        if shot.camera is not None:
            recordings.setdefault(shot.sequence, {})[shot.camera.name] = shot.camera
    names = list(recordings)
    lines = []
    for name in names[1:]:
        pairs = [
            (np.array(camera.R), np.array(recordings[name][view].R))
            for view, camera in recordings[names[0]].items()
            if view in recordings[name]
        ]
        angles = [np.degrees(Rotation.from_matrix(a.T @ b).magnitude()) for a, b in pairs]
        if angles and np.median(angles) > TURNED:
            lines.append(
                f'warning: the axes of {name!r} are turned by {np.median(angles):.0f} degrees '
                f'against those of {names[0]!r}, if the cameras stayed where they were. Frames are '
                "chosen by poses in the world's axes (CoreSetPoses). Calibrate both in one world, "
                "or set strategy=dict(type='CoreSetFeatures') in configs/experiment.py"
            )
    return lines


def _other_sizes(shots: Sequence[Shot], outside: Set[str]) -> List[str]:
    """A line for each recording, of one camera, whose images have several sizes.

    A recording may have been cropped. Labels outside such an image say that it was made anew.

    Raises:
        FormatError: Such an image is among those that have labels ``outside``.
    """
    views: Dict[Tuple[str, Optional[str]], List[Shot]] = {}
    for shot in shots:
        if shot.sequence is not None:
            camera = None if shot.camera is None else shot.camera.name
            views.setdefault((shot.sequence, camera), []).append(shot)
    lines = []
    for (sequence, _), group in views.items():
        size, count = Counter(shot.size for shot in group).most_common(1)[0]
        others = [shot for shot in group if shot.size != size]
        if not others:
            continue
        wrong = next((shot for shot in others if shot.file_name in outside), None)
        first = wrong or others[0]
        text = (
            f'{len(others)} images of the recording {sequence!r} have another size than the other '
            f'{count}, {size[0]}x{size[1]}; {first.file_name} has {first.size[0]}x{first.size[1]}'
        )
        if wrong is not None:
            raise FormatError(
                f'{text}, and labels outside it. Put the images back that were labelled, or take '
                'these out of the labels'
            )
        lines.append(f'{text}. Its labels have to be those of this size')
    return lines


def _numbered(shot: Shot) -> Shot:
    """The image whose people have a number each, by their order where the source has none."""
    if len({person.number for person in shot.people}) == len(shot.people):
        return shot
    people = [person._replace(number=place) for place, person in enumerate(shot.people)]
    return shot._replace(people=people)


def _inside(shot: Shot, outside: List[str]) -> Shot:
    """The image without labels outside it; each adds the image's name to ``outside``."""
    people = []
    for person in shot.people:
        points = person.keypoints
        if points is not None:
            beyond = ((points[:, :2] < -0.5) | (points[:, :2] > shot.size)).any(1)
            lost = beyond & (points[:, 2] > 0)
            outside += [shot.file_name] * int(lost.sum())
            if lost.any():
                person = person._replace(keypoints=np.where(lost[:, None], 0.0, points))
        people.append(person)
    return shot._replace(people=people)
