"""CMU Panoptic (Joo et al., TPAMI 2017), as the panoptic-toolbox leaves it.

One folder for each sequence, with ``calibration_<sequence>.json``,
``hdPose3d_stage1_coco19/body3DScene_<frame>.json`` and
``hdImgs/00_07/00_07_<frame>.jpg``. World: centimetres, y down, the floor at y = 0;
x_cam = R X + t. HD cameras run at 29.97 frames a second.
"""

import os.path as osp
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..datasets.format import FormatError
from ..fileio import visible_names
from .common import Part, Task, box_around, file_state, keypoints_of, load_json, view_pixels

METAINFO = 'configs/_base_/datasets/panoptic_body3d.py'
POSES = 'hdPose3d_stage1_coco19'
RATE = 29.97
IMAGE = '{sequence}/hdImgs/{camera}/{camera}_{frame:08d}.jpg'
MM = 10.0


class Sections(NamedTuple):
    """Frames of a sequence that count, and every how many-th of them.

    Attributes:
        ranges (tuple): (first, behind the last) HD frame of each section.
        step (int): From one frame to the next; each section counts from its first.
    """

    ranges: Tuple[Tuple[int, int], ...]
    step: int = 25

    def choose(self, numbers: Sequence[int]) -> List[int]:
        """Those of some frame numbers that are among them."""
        wanted = {i for first, end in self.ranges for i in range(first, end, self.step)}
        return [int(number) for number in numbers if number in wanted]


def _sections(*bounds: int) -> Sections:
    return Sections(tuple(zip(bounds[::2], bounds[1::2])))


# What the authors' code of Feng23 reads; the paper does not say it.
FENG23_SECTIONS: Dict[str, Dict[str, Sections]] = dict(
    train={
        '171026_pose1': _sections(380, 7300, 7900, 14500, 15400, 22400),
        '171026_pose2': _sections(1000, 7500, 8000, 14000),
        '171026_pose3': _sections(1000, 3000),
        '171204_pose1': _sections(
            *(300, 4100, 4800, 8900, 10000, 13600, 14000, 18200, 18500, 22900, 23500, 27600)
        ),
        '171204_pose2': _sections(
            *(350, 4300, 5000, 8800, 9600, 13600, 14300, 18500, 19600, 23500, 24200, 28200),
            *(28800, 32800, 33500, 37700),
        ),
        '171204_pose3': _sections(500, 4400, 5400, 9000),
        '171204_pose4': _sections(
            *(500, 4300, 4900, 8800, 9400, 13200, 14200, 17800, 18700, 22500, 23050, 27050),
            *(28000, 31600),
        ),
    },
    val={
        '171204_pose5': _sections(
            *(400, 4300, 5000, 8500, 9500, 13400, 14200, 18000, 19000, 22600, 23500, 27100)
        )
    },
    test={
        '171204_pose6': _sections(
            *(1000, 4500, 5150, 9100, 9830, 13800, 14370, 18300, 19000, 22900)
        )
    },
)
FENG23_CAMERAS = dict.fromkeys(
    ('train', 'val'), [f'00_{i:02d}' for i in (3, 4, 7, 10, 12, 17, 28, 30)]
)
FENG23_CAMERAS['test'] = [f'00_{i:02d}' for i in range(31) if i != 21]


def find_sequences(root: str) -> List[str]:
    """The folders of ``root`` that have 3D poses, by name."""
    if not osp.isdir(root):
        raise FormatError(f'{root}: no such folder. Give the one that holds the sequences.')
    return sorted(name for name in visible_names(root) if osp.isdir(osp.join(root, name, POSES)))


def split_7_1_1(sequences: Sequence[str]) -> Dict[str, List[str]]:
    """Nine sequences to 7 for training, 1 for validation, 1 for test (Feng23, 5.1).

    The paper names neither the nine nor which is which: here by name, so name
    the sequences yourself to compare with somebody else's figures.
    """
    if len(sequences) != 9:
        raise FormatError(
            f'there are {len(sequences)} sequences ({", ".join(sequences)}), the '
            '7/1/1 split has 9. Say which are for what: --train, --val, --test.'
        )
    names = sorted(sequences)
    return dict(train=names[:7], val=names[7:8], test=names[8:])


def hd_cameras(root: str, sequence: str) -> Dict[str, dict]:
    """The HD cameras of a sequence by name, in mm."""
    path = osp.join(root, sequence, f'calibration_{sequence}.json')
    cameras = {}
    for index, camera in enumerate(load_json(path).get('cameras', [])):
        if camera.get('type') != 'hd':
            continue
        entry = f'cameras[{index}] ({camera.get("name")})'
        values = {}
        for field, size in (('K', 9), ('R', 9), ('t', 3), ('distCoef', 5), ('resolution', 2)):
            try:
                values[field] = np.array(camera[field], dtype=float).ravel()
            except (KeyError, TypeError, ValueError):
                values[field] = np.zeros(0)
            if values[field].size != size or not np.isfinite(values[field]).all():
                raise FormatError.at(
                    path, entry, field, f'is not {size} numbers', 'download the calibration again'
                )
        R = values['R'].reshape(3, 3)
        cameras[camera['name']] = dict(
            name=camera['name'],
            size=tuple(values['resolution'].astype(int)),
            K=values['K'].reshape(3, 3),
            dist=values['distCoef'],
            R=R,
            t=MM * values['t'],
        )
    if not cameras:
        raise FormatError(f'{path}: has no camera of type "hd". Download the calibration again.')
    return cameras


def eye_level(cameras: Dict[str, dict], number: int = 8, height: float = 1500.0) -> List[str]:
    """The ``number`` cameras nearest to a height (mm) above the floor.

    Feng23 trains on 8 eye-level cameras and does not name them; this is our
    reading.
    """

    def off(name):
        camera = cameras[name]
        center = -camera['R'].T @ camera['t']
        return abs(-center[1] - height), name

    return sorted(sorted(cameras, key=off)[:number])


def choose_cameras(root: str, sequence: str, wanted: Union[str, Sequence[str]]) -> List[str]:
    """Names for ``'all'``, ``'eye-level'`` or a list of names."""
    cameras = hd_cameras(root, sequence)
    if wanted == 'all':
        return sorted(cameras)
    if wanted == 'eye-level':
        return eye_level(cameras)
    for name in wanted:
        if name not in cameras:
            raise FormatError(
                f'{sequence}: has no HD camera {name!r}. There are '
                f'{", ".join(sorted(cameras))}; write "all", "eye-level" or names.'
            )
    return list(wanted)


def make_tasks(
    root: str,
    sequences: Sequence[str],
    cameras: Union[str, Sequence[str]] = 'eye-level',
    fps: float = 1.0,
    min_confidence: float = 0.1,
    image: str = IMAGE,
    sections: Optional[Dict[str, Sections]] = None,
) -> List[Task]:
    """One task a sequence; arguments as :func:`convert_sequence`.

    ``sections`` are by sequence; one without has all its frames.

    ``cameras`` as :func:`choose_cameras`; 'eye-level' is decided on the first
    sequence, so that all have the same cameras.
    """
    found = find_sequences(root)
    for name in sequences:
        if name not in found:
            raise FormatError(
                f'{osp.join(root, name, POSES)}: no such folder. There are '
                f'{", ".join(found) or "no sequences"}; extract {POSES}.tar.'
            )
    names = choose_cameras(root, sequences[0], cameras) if sequences else []

    def task(sequence):
        folder = osp.join(root, sequence, POSES)
        options: tuple = (names, fps, min_confidence, image)
        own = (sections or {}).get(sequence)
        options += () if own is None else (own,)
        files = visible_names(folder)
        calibration = osp.join(root, sequence, f'calibration_{sequence}.json')
        state = [file_state(osp.join(folder, files[i])) for i in (0, -1)] if files else []
        inputs = [
            options,
            files,
            state,
            file_state(calibration) if osp.exists(calibration) else None,
        ]
        return Task(sequence, inputs, lambda: convert_sequence(root, sequence, *options))

    return [task(sequence) for sequence in sequences]


def convert_sequence(
    root: str,
    sequence: str,
    names: Sequence[str],
    fps: float = 1.0,
    min_confidence: float = 0.1,
    image: str = IMAGE,
    sections: Optional[Sections] = None,
) -> Part:
    """Convert one sequence.

    Args:
        root (str): The folder of the sequences.
        sequence (str): Its name.
        names (list[str]): HD cameras.
        fps (float): Frames a second to keep: in each 1 / fps seconds the first
            that has a pose file. Feng23 keeps 1.
        min_confidence (float): Joints up to this confidence are unknown (as in
            MMPose's reader of this data set).
        image (str): Pattern of the images below ``root``.
        sections (Sections, optional): Frames to keep instead of so many a second.

    Returns:
        Part: 2D keypoints are the projections of the 3D ones, as the data set
        has no others.
    """
    known = hd_cameras(root, sequence)
    for name in names:
        if name not in known:
            raise FormatError(
                f'{sequence}: has no HD camera {name!r}. Leave it '
                'out, or convert the sequence on its own.'
            )
    part, folder = Part(), osp.join(root, sequence, POSES)
    for name in names:
        camera = known[name]
        part.add_camera(name, camera['size'], camera['K'], camera['dist'], camera['R'], camera['t'])
    numbers = pose_files(folder)
    numbers = first_in_bins(numbers, RATE / fps) if sections is None else sections.choose(numbers)
    people = []
    for number in numbers:
        path = osp.join(folder, f'body3DScene_{number:08d}.json')
        bodies = read_bodies(path, min_confidence)
        if bodies:
            people.append((number, bodies))
        else:
            part.skip('frames without a person')
    if not people:
        return part
    points = np.array([body[1] for _, bodies in people for body in bodies])
    pixels, shown = view_pixels(points, part.cameras)
    row = 0
    for index, (number, bodies) in enumerate(people):
        frame = part.add_frame(
            sequence,
            index,
            time=round(number / RATE, 4),
            action=re.sub(r'^\d+_|\d+$', '', sequence),
            source_frame=number,
        )
        images = [
            part.add_image(
                image.format(sequence=sequence, camera=name, frame=number), frame, camera
            )
            for camera, name in enumerate(names)
        ]
        for person, body in bodies:
            part.add_pose(frame, person, body, np.isfinite(body).all(axis=1))
            for camera, view in enumerate(images):
                see, at = shown[camera, row], pixels[camera, row]
                box = box_around(at, see, known[names[camera]]['size'])
                if box is None:
                    part.skip('persons in views that show no joint of theirs')
                else:
                    part.add_person(view, person, box, keypoints_of(at, see))
            row += 1
    return part


def pose_files(folder: str) -> List[int]:
    """Frame numbers of the pose files of a folder, in order."""
    numbers = sorted(
        int(match.group(1))
        for match in (
            re.match(r'body3DScene_(\d{8})\.json$', name) for name in visible_names(folder)
        )
        if match
    )
    if not numbers:
        raise FormatError(f'{folder}: holds no body3DScene_*.json. Extract {POSES}.tar.')
    return numbers


def first_in_bins(numbers: Sequence[int], width: float) -> List[int]:
    """The first number in each bin of ``width``, counted from the first number."""
    numbers = np.sort(np.asarray(numbers))
    bins = np.floor((numbers - numbers[0]) / width + 1e-9)
    return numbers[np.unique(bins, return_index=True)[1]].tolist()


def read_bodies(path: str, min_confidence: float) -> list:
    """(id, joints (19, 3) in mm, NaN where unknown) of each body with a joint."""
    content, bodies, seen = load_json(path), [], set()
    for index, body in enumerate(content.get('bodies', [])):
        joints = np.array(body.get('joints19', []), dtype=float)
        if joints.size != 76:
            raise FormatError.at(
                path,
                f'bodies[{index}]',
                'joints19',
                f'has {joints.size} numbers, 19 joints need 76',
                'extract the file again',
            )
        if body.get('id') in seen or not isinstance(body.get('id'), int):
            raise FormatError.at(
                path,
                f'bodies[{index}]',
                'id',
                f'is {body.get("id")!r}, not a number of its own',
                'extract the file again',
            )
        seen.add(body['id'])
        joints = joints.reshape(19, 4)
        known = np.isfinite(joints).all(axis=1) & (joints[:, 3] > min_confidence)
        if known.any():
            bodies.append((body['id'], np.where(known[:, None], MM * joints[:, :3], np.nan)))
    return bodies
