"""Labels of a video's frames are bound to the video: another one cannot take its place."""

import os.path as osp
from typing import Any, Dict, Sequence

from ..active_learning.paths import experiments_below
from ..converters.videos import is_noted, noted_video
from ..datasets.format import FormatError
from ..fileio import read_json
from .labels import home, labelled_frames
from .project import NAME
from .table import Clip


def videos_of(folder: str, clips: Sequence[Clip]) -> Dict[str, Any]:
    """Name of a clip below ``images`` -> which video its images are of, for ``project.json``.

    Clips that the sources name no more stay in it.
    """
    found = dict(_before(folder))
    for clip in clips:
        noted = noted_video(osp.join(folder, 'images', clip.folder))
        if noted is not None:
            found[clip.folder] = noted
    return found


def check_videos(folder: str, clips: Sequence[Clip]) -> None:
    """Refuse another video under the name of one of which people labelled frames.

    Images that were removed would be made of it, and the labels would be those of the other.

    Raises:
        FormatError: There is such a video.
    """
    before = _before(folder)
    if not before:
        return
    labelled, begun = labelled_frames(folder), experiments_below(folder)
    for clip in clips:
        noted, numbers = before.get(clip.folder), labelled.get(clip.folder)
        if noted is None or not (numbers or begun) or is_noted(clip.source, noted):
            continue
        what = f'people labelled {len(numbers)} of its frames' if numbers else f'{begun[0]} began'
        gone = home(folder) if numbers else begun[0]
        raise FormatError(
            f'{clip.source.path}: is another video than when {what}. Put that one back; or give '
            f'this one another name, as a further video. If these labels are to go, remove {gone}'
        )


def _before(folder: str) -> Dict[str, Any]:
    path = osp.join(folder, NAME)
    return (read_json(path) if osp.isfile(path) else {}).get('clips') or {}
