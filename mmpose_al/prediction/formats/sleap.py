"""SLEAP's ``.slp``, by the library ``sleap-io`` (extra ``labs``, Python >= 3.10).

Coordinates are written as they are. Several bodies of a frame have tracks, individual1,
individual2, ..., which are their numbers in the frame.
"""

import os.path as osp
from typing import Any

from ...fileio import atomic_path
from ...projects.sources.sleap import import_sleap_io
from ..predictions import Predictions

ENDING, HELP = '.slp', "SLEAP's files (extra labs)"


def write(path: str, predictions: Predictions) -> None:
    """Write predicted instances of each frame that has some.

    Raises:
        ImportError: The library is not installed.
    """
    sio = import_sleap_io()
    with atomic_path(path) as temporary:
        sio.save_slp(labels_of(predictions), temporary, embed=False, verbose=False)


def labels_of(predictions: Predictions) -> Any:
    """The predictions as ``sleap_io.Labels``."""
    sio = import_sleap_io()
    joints, links = predictions.skeleton
    skeleton = sio.Skeleton(list(joints), [(joints[a], joints[b]) for a, b in links], name='body')
    video = _video(sio, predictions)
    # Several bodies of a frame are told apart by tracks; nobody has followed them over time.
    several = predictions.persons > 1
    tracks = (
        [sio.Track(f'individual{n + 1}') for n in range(predictions.persons)] if several else []
    )
    by_frame: dict = {}
    for row, frame in enumerate(predictions.frame.tolist()):
        by_frame.setdefault(frame, []).append(
            sio.PredictedInstance.from_numpy(
                predictions.keypoints[row],
                skeleton,
                point_scores=predictions.scores[row],
                score=float(predictions.scores[row].mean()),
                track=tracks[int(predictions.person[row])] if several else None,
            )
        )
    frames = [
        sio.LabeledFrame(video=video, frame_idx=frame, instances=instances)
        for frame, instances in sorted(by_frame.items())
    ]
    return sio.Labels(
        frames,
        videos=[video],
        skeletons=[skeleton],
        tracks=tracks,
        provenance=dict(model=predictions.scorer),
    )


def _video(sio: Any, predictions: Predictions) -> Any:
    """The recording as SLEAP names it: the video, or the images in their order."""
    width, height = next(frame.size for frame in predictions.frames if frame.size)
    shape = (len(predictions.frames), height, width, 3)
    if predictions.is_video:
        video = sio.Video(osp.abspath(predictions.path), open_backend=False)
        video.backend_metadata['shape'] = shape
        return video
    folder = osp.abspath(predictions.path) if predictions.path else ''
    names = [
        osp.join(folder, osp.basename(frame.name)) if folder else frame.name
        for frame in predictions.frames
    ]
    video = sio.Video(names, open_backend=False)
    video.backend_metadata.update(
        type='ImageVideo', shape=shape, filename=names[0], filenames=names, grayscale=False
    )
    return video
