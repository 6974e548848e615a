"""Annotation files of MMPose's body 3D preparation scripts: one row for each image.

``imgname`` (N,), ``part`` (N, 17, 3): x, y in pixels and a flag, ``S`` (N, 17, 4):
x, y, z in metres in the axes of that image's camera and a flag.
"""

from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ..datasets.format import FormatError
from .common import Part, box_around, keypoints_of, load_npz

MM = 1000.0
SMALL, LARGE = 0.2, 5.0  # metres that a person may be across


def load_annotations(path: str) -> Dict[str, np.ndarray]:
    """Read and check ``imgname``, ``part`` and ``S``."""
    data = load_npz(path, ('imgname', 'part', 'S'))
    for field, width in (('part', 3), ('S', 4)):
        shape = data[field].shape
        if len(shape) != 3 or shape[1:] != (17, width):
            raise FormatError.at(
                path,
                'file',
                field,
                f'has shape {shape}, not (N, 17, {width})',
                'give the body 3D annotations (h36m_train.npz)',
            )
        if not np.isfinite(data[field]).all():
            raise FormatError.at(
                path, 'file', field, 'holds a number that is not finite', 'make the file again'
            )
    check_metres(path, data['S'][..., :3])
    return data


def check_metres(path: str, poses: np.ndarray) -> None:
    """Refuse 3D poses in another unit: the size of a person tells it, and nothing in 2D does.

    Args:
        path (str): The file, for messages.
        poses (ndarray): Shape (N, K, 3).

    Raises:
        FormatError: Half of the people are larger or smaller than people are.
    """
    if not len(poses):
        return
    size = float(np.median(np.linalg.norm(poses.max(1) - poses.min(1), axis=-1)))
    if 0 < size < SMALL or size > LARGE:  # 0: there are none
        raise FormatError.at(
            path,
            'file',
            'S',
            f'people are {size:.3g} across in the median, and metres are expected',
            "write metres, as MMPose's preparation scripts do",
        )


def check_wanted(
    path: str, option: str, wanted: Optional[Sequence[str]], there: Iterable[str]
) -> None:
    """Refuse names that somebody asks for and a file does not have.

    Raises:
        FormatError: It names the first of them, and what there is.
    """
    names = sorted(set(there))
    for name in wanted or ():
        if name not in names:
            raise FormatError(
                f'{path}: has no {name!r}. There are {", ".join(names)}; correct {option}.'
            )


def add_views(
    part: Part,
    frame: int,
    views: Sequence[Tuple[int, int]],
    data: Dict[str, np.ndarray],
    max_spread: float,
    use_flags: bool = True,
) -> None:
    """Add a frame's images, 2D keypoints and 3D pose.

    The pose is the first view's, in the world. The others' say the same up to
    rounding; the largest distance is noted, and a pose beyond ``max_spread`` mm
    is left out and counted.

    Args:
        part (Part): Takes the entries.
        frame (int): Id of the frame.
        views (list[tuple]): (row of ``data``, id of the camera).
        data (dict): See :func:`load_annotations`.
        max_spread (float): mm.
        use_flags (bool): Joints with flag 0 in ``part`` are not labelled.
    """
    world: List[np.ndarray] = []
    for row, camera in views:
        image = part.add_image(str(data['imgname'][row]), frame, camera)
        view = part.cameras[camera]
        size = np.array([view['width'], view['height']])
        world.append((MM * data['S'][row, :, :3] - view['t']) @ np.array(view['R']))
        at = data['part'][row, :, :2]
        shown = ((at >= -0.5) & (at <= size - 0.5)).all(axis=-1)
        if use_flags:
            shown &= data['part'][row, :, 2] > 0
        box = box_around(at, shown, size)
        if box is None:
            part.skip('persons in views that show no joint of theirs')
        else:
            part.add_person(image, 0, box, keypoints_of(at, shown))
    distances = np.linalg.norm(np.array(world) - world[0], axis=-1)
    if len(views) > 1:
        part.note("largest distance between the views' 3D poses (mm)", distances.max())
    if distances.max() > max_spread:
        part.skip(f'3D poses on which the views differ by over {max_spread:g} mm')
    else:
        part.add_pose(frame, 0, world[0], np.ones(len(world[0]), dtype=bool))
