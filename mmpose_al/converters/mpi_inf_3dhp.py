"""MPI-INF-3DHP (Mehta et al., 3DV 2017), from MMPose's preparation script.

``mpi_inf_3dhp_train.npz`` / ``..._test_valid.npz``: imgname, part (2D, pixels),
S (3D in the camera's axes, metres); ``cameras_train.pkl`` (S1_Seq1_Cam0 -> R, T:
world to camera, metres; f, c, w, h) and ``cameras_test.pkl`` (TS1 -> f, c, w, h).
The test set has one camera a sequence and no extrinsics: its world is the camera.
"""

import re
from collections import OrderedDict
from typing import List, Optional, Sequence

import numpy as np

from ..datasets.format import FormatError
from .camera_pickle import camera_field, known, load_camera_pickle
from .common import Part, Task, digest, matrix_K
from .mmpose_npz import MM, add_views, check_wanted, load_annotations

METAINFO = 'configs/_base_/datasets/mpi_inf_3dhp.py'
TRAIN = re.compile(r'(?:^|/)(S\d+)_(Seq\d+)_(Cam\d+)_(\d{6})\.\w+$')
TEST = re.compile(r'(?:^|/)(TS\d+)_(\d{6})\.\w+$')
# A size as MMPose's script reads it, and what the images are.
KNOWN_TYPOS = {(2048.0, 204.0): (2048, 2048)}


def make_tasks(
    annotation_file: str,
    camera_file: str,
    subjects: Optional[Sequence[str]] = None,
    cameras: Optional[Sequence[str]] = None,
    step: int = 1,
    fix_known_typos: bool = False,
    max_spread: float = 50.0,
) -> List[Task]:
    """One task for each sequence; arguments as in ``h36m.make_tasks``.

    ``subjects`` are names such as 'S1' or 'TS1', ``cameras`` such as 'Cam0'.
    ``fix_known_typos``: see :func:`image_size`.
    """
    data = load_annotations(annotation_file)
    calibration = load_camera_pickle(camera_file)
    groups = OrderedDict()
    there = set()
    for row, name in enumerate(data['imgname'].tolist()):
        train, test = TRAIN.search(name), TEST.search(name)
        if train is not None:
            subject, sequence, camera, number = train.groups()
            sequence = f'{subject}_{sequence}'
            key = f'{sequence}_{camera}'
        elif test is not None:
            subject, number = test.groups()
            sequence, camera, key = subject, 'Cam0', subject
        else:
            raise FormatError.at(
                annotation_file,
                f'imgname[{row}]',
                'imgname',
                f'is {name!r}',
                'names end in S1_Seq1_Cam0_000001.jpg or TS1_000001.jpg; make the '
                "file again with MMPose's preprocess_mpi_inf_3dhp.py",
            )
        there.add((subject, camera))
        if (subjects is None or subject in subjects) and (cameras is None or camera in cameras):
            groups.setdefault((sequence, subject), []).append((int(number), camera, key, row))
    check_wanted(annotation_file, '--subjects', subjects, (subject for subject, _ in there))
    check_wanted(annotation_file, '--camera-ids', cameras, (camera for _, camera in there))
    used = {key for rows in groups.values() for _, _, key, _ in rows}
    for key in sorted(used):
        known(camera_file, calibration, key, annotation_file)
    sizes = image_sizes(camera_file, calibration, used, fix_known_typos)

    def task(sequence, subject, rows):
        rows = sorted(rows)
        keys = {name: key for _, name, key, _ in rows}
        views = {
            name: (keys[name], calibration[keys[name]], sizes[keys[name]]) for name in sorted(keys)
        }
        index = [row for _, _, _, row in rows]
        part = {key: data[key][index] for key in data}
        arguments = (sequence, subject, rows, part, views, step, max_spread, camera_file)
        return Task(sequence, digest(arguments[:-1]), lambda: convert_sequence(*arguments))

    return [task(*key, groups[key]) for key in groups]


def convert_sequence(
    sequence: str,
    subject: str,
    rows: list,
    data: dict,
    calibration: dict,
    step: int,
    max_spread: float,
    camera_file: str,
) -> Part:
    """Convert one sequence; ``max_spread`` as in :func:`add_views`.

    Joints count as known in 3D wherever they are, also outside an image: the
    preparation script's flags tell what lies inside 2048 x 2048 pixels, for the
    1920 x 1080 test videos too.
    """
    part, cameras = Part(), {}
    for name, (key, camera, size) in calibration.items():
        cameras[name] = part.add_camera(name, size, *camera_of(camera_file, key, camera))
    frames = OrderedDict()
    for entry, (number, name, _, _) in enumerate(rows):
        frames.setdefault(number, []).append((entry, cameras[name]))
    for index, (number, views) in enumerate(list(frames.items())[::step]):
        frame = part.add_frame(sequence, index, subject=subject, source_frame=number)
        add_views(part, frame, views, data, max_spread, use_flags=False)
    return part


def camera_of(path: str, key: str, camera: dict) -> tuple:
    """K, dist, R, t (mm) of an entry; the identity where it has no extrinsics."""
    K = matrix_K(camera_field(path, key, camera, 'f', 2), camera_field(path, key, camera, 'c', 2))
    if 'R' not in camera and 'T' not in camera:
        return K, [], np.eye(3), np.zeros(3)
    R = camera_field(path, key, camera, 'R', 9).reshape(3, 3)
    return K, [], R, MM * camera_field(path, key, camera, 'T', 3)


def image_sizes(path: str, calibration: dict, used: Sequence[str], fix_known_typos: bool) -> dict:
    """(width, height) of the cameras that are used.

    The heights of the training cameras are recorded as 204: MMPose's script
    cuts the last digit of 2048 off. A size that leaves out the principal point
    is an error; with ``fix_known_typos`` the known one is corrected.

    Raises:
        FormatError: Names file, camera, field and remedy.
    """
    sizes, wrong = {}, []
    for key in sorted(used):
        camera = calibration[key]
        w, h = (float(camera_field(path, key, camera, side, 1)[0]) for side in 'wh')
        cx, cy = camera_field(path, key, camera, 'c', 2)
        if 0 < cx < w and 0 < cy < h:
            sizes[key] = (int(w), int(h))
        elif fix_known_typos and (w, h) in KNOWN_TYPOS:
            sizes[key] = KNOWN_TYPOS[w, h]
        else:
            wrong.append((key, w, h, cx, cy))
    if wrong:
        key, w, h, cx, cy = wrong[0]
        field = 'w' if not 0 < cx < w else 'h'
        if (w, h) in KNOWN_TYPOS:
            right = KNOWN_TYPOS[w, h]
            remedy = (
                f'the images are {right[0]}x{right[1]}; a known fault of the '
                'file: pass --fix-known-typos'
            )
        else:
            remedy = 'make the file again'
        more = (
            (f' ({len(wrong) - 1} more of the {len(used)} cameras have such a size)')
            if wrong[1:]
            else ''
        )
        raise FormatError.at(
            path,
            f'camera {key!r}',
            field,
            f'is {w if field == "w" else h:g}, so '
            f'that the principal point ({cx:.1f}, {cy:.1f}) lies outside the '
            f'{w:g}x{h:g} image{more}',
            remedy,
        )
    return sizes
