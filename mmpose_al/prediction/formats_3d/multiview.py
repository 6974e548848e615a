"""The multi-view format (docs/multiview_format.md), which ``mmpose-al draw`` takes."""

import numpy as np

from ...converters.common import Part, assemble
from ...datasets.format import check_multiview
from ...fileio import write_json
from ..poses_3d import Poses3D

ENDING, HELP = '.multiview.json', 'cameras, keypoints and 3D poses, for mmpose-al draw'
MARGIN = 0.1  # of a box around the keypoints


def write(path: str, poses: Poses3D) -> None:
    """Write cameras, frames, images, keypoints and 3D poses.

    Names of images are those that ``convert videos`` gives to the frames.
    """
    data = content(poses)
    check_multiview(data, path, len(poses.views.skeleton.joints))
    write_json(path, data, indent=None, nan_as_null=False)


def content(poses: Poses3D) -> dict:
    """What the file holds."""
    views, part = poses.views, Part()
    for camera in views.cameras:
        part.add_camera(*(camera[key] for key in ('name', 'size', 'K', 'dist', 'R', 't')))
    for number in range(len(poses.points)):
        time = None if views.times is None else round(float(views.times[number]), 6)
        frame = part.add_frame(views.name, number, time=time, source_frame=number)
        for view, camera in enumerate(views.cameras):
            image = part.add_image(views.files[view][number], frame, view)
            _add_person(part, image, views.pixels[number, view], camera['size'])
        known = np.isfinite(poses.points[number]).all(-1)
        if known.any():
            part.add_pose(frame, 0, poses.points[number], known)
    skeleton = views.skeleton
    category = dict(
        id=1,
        name='person',
        supercategory='person',
        keypoints=skeleton.joints,
        skeleton=[[start + 1, end + 1] for start, end in skeleton.links],
    )
    return assemble([part], category, f'{views.name}: keypoints of {views.scorer}')[0]


def _add_person(part: Part, image: int, pixels: np.ndarray, size: tuple) -> None:
    """The keypoints in an image, with a box around them; nothing where there are none."""
    width, height = size
    inside = np.isfinite(pixels).all(-1)
    inside &= (pixels >= 0).all(-1) & (pixels <= [width - 1, height - 1]).all(-1)
    if not inside.any():
        return
    low, high = pixels[inside].min(0), pixels[inside].max(0)
    margin = MARGIN * (high - low).max() + 1
    low = np.maximum(low - margin, 0)
    high = np.minimum(high + margin, [width, height])
    rows = np.c_[np.nan_to_num(pixels), np.where(inside, 2, 0)]
    part.add_person(image, 0, [*low, *(high - low)], rows)
