"""Human3.6M (Ionescu et al., TPAMI 2014), from MMPose's preparation script.

``h36m_train.npz`` / ``h36m_test.npz``: imgname, part (2D, pixels), S (3D in the
camera's axes, metres); ``cameras.pkl``: (subject, camera) -> R (camera to world),
T (the camera's centre, metres), f, c, k, p, w, h.
"""

import re
from collections import OrderedDict
from typing import List, Optional, Sequence

from ..datasets.format import FormatError
from .camera_pickle import camera_field, known, load_camera_pickle
from .common import Part, Task, digest, matrix_K
from .mmpose_npz import MM, add_views, check_wanted, load_annotations

METAINFO = 'configs/_base_/datasets/h36m.py'
SPLITS = dict(train=('S1', 'S5', 'S6', 'S7', 'S8'), test=('S9', 'S11'))
NAME = re.compile(r'(?:^|/)(S\d+)_([^/]+)\.(\d+)_(\d{6})\.\w+$')
RATE = 50.0
# Subject S1's recordings have other names for two of the 15 actions.
ACTIONS = dict(TakingPhoto='Photo', WalkingDog='WalkDog')


def make_tasks(
    annotation_file: str,
    camera_file: str,
    subjects: Optional[Sequence[str]] = None,
    cameras: Optional[Sequence[str]] = None,
    step: int = 1,
    max_spread: float = 50.0,
) -> List[Task]:
    """One task for each recording (subject and action).

    Args:
        subjects (list[str], optional): Subjects to take; None takes all.
        cameras (list[str], optional): Ids of the cameras to take, such as
            '54138969'; None takes all.
        step (int): Take every n-th frame of what the file has.
        max_spread (float): See :func:`mmpose_npz.add_views`.
    """
    data = load_annotations(annotation_file)
    calibration = load_camera_pickle(camera_file)
    groups = OrderedDict()
    there = set()
    for row, name in enumerate(data['imgname'].tolist()):
        match = NAME.search(name)
        if match is None:
            raise FormatError.at(
                annotation_file,
                f'imgname[{row}]',
                'imgname',
                f'is {name!r}',
                'names end in S1_Directions_1.54138969_000001.jpg; make the file '
                "again with MMPose's preprocess_h36m.py",
            )
        subject, action, camera, number = match.groups()
        there.add((subject, camera))
        if (subjects is None or subject in subjects) and (cameras is None or camera in cameras):
            groups.setdefault((subject, action), []).append((int(number), camera, row))
    if subjects not in SPLITS.values():  # a file may have a part of a split
        check_wanted(annotation_file, '--subjects', subjects, (subject for subject, _ in there))
    check_wanted(annotation_file, '--camera-ids', cameras, (camera for _, camera in there))

    def task(subject, action, rows):
        rows = sorted(rows)
        names = sorted({camera for _, camera, _ in rows})
        views = {
            name: known(camera_file, calibration, (subject, name), annotation_file)
            for name in names
        }
        index = [row for _, _, row in rows]
        part = {key: data[key][index] for key in data}
        arguments = (subject, action, rows, part, views, step, max_spread, camera_file)
        return Task(
            f'{subject}_{action}', digest(arguments[:-1]), lambda: convert_sequence(*arguments)
        )

    return [task(*key, groups[key]) for key in groups]


def convert_sequence(
    subject: str,
    action: str,
    rows: list,
    data: dict,
    calibration: dict,
    step: int,
    max_spread: float,
    camera_file: str,
) -> Part:
    """Convert one recording; ``max_spread`` as in :func:`add_views`."""
    part, cameras, sequence = Part(), {}, f'{subject}_{action}'
    for name, camera in calibration.items():
        cameras[name] = part.add_camera(name, *camera_of(camera_file, (subject, name), camera))
    frames = OrderedDict()
    for entry, (number, name, _) in enumerate(rows):
        frames.setdefault(number, []).append((entry, cameras[name]))
    for index, (number, views) in enumerate(list(frames.items())[::step]):
        label = re.sub(r'_?\d+$', '', action)
        frame = part.add_frame(
            sequence,
            index,
            time=round((number - 1) / RATE, 4),
            subject=subject,
            action=ACTIONS.get(label, label),
            source_frame=number,
        )
        add_views(part, frame, views, data, max_spread)
    return part


def camera_of(path: str, key, camera: dict) -> tuple:
    """size, K, dist, R, t (mm, world to camera) of an entry of ``cameras.pkl``.

    The data set's lens model is, with r2 = x^2 + y^2,
    ``x (1 + k1 r2 + k2 r2^2 + k3 r2^3 + p1 y + p2 x) + p2 r2`` (and alike for y,
    with p1 r2): its tangential terms lack the factor 2 of OpenCV's. OpenCV's
    model with p halved and thin prism terms s1 = p2 / 2, s3 = p1 / 2 is the same
    function.
    """
    k1, k2, k3 = camera_field(path, key, camera, 'k', 3)
    p1, p2 = camera_field(path, key, camera, 'p', 2) / 2
    R = camera_field(path, key, camera, 'R', 9).reshape(3, 3).T
    center = MM * camera_field(path, key, camera, 'T', 3)
    size = [int(camera_field(path, key, camera, side, 1)[0]) for side in 'wh']
    K = matrix_K(camera_field(path, key, camera, 'f', 2), camera_field(path, key, camera, 'c', 2))
    return size, K, [k1, k2, p1, p2, k3, 0, 0, 0, p2, 0, p1, 0], R, -R @ center
