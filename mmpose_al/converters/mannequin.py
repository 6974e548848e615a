"""MannequinChallenge (Li et al., CVPR 2019): one moving camera, people who stand still.

The release has one text file a video in RealEstate10K's form: its address, then a
line for each frame: time (microseconds), fx fy cx cy (in parts of the image's width
and height, the corner at 0), two zeros, and the 3x4 matrix [R | t] of
x_cam = R X + t, of unknown scale. The frames are the user's to extract, and 2D
predictions come from any model.

As nobody moves, a video is one moment seen from many places: one frame of the
multi-view format, whose views are the video's frames, and a person is a tracklet.
Association and filters follow Iqbal20, 4.1.
"""

import os.path as osp
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np

from ..datasets.format import FormatError
from ..datasets.images import read_picture
from ..fileio import is_int, is_number, visible_names
from .common import Part, Task, box_around, digest, load_json

METAINFO = 'configs/_base_/datasets/mpii.py'
IMAGE = '{video}/{time}.jpg'


class Filters(NamedTuple):
    """Which poses and tracklets are good enough; defaults are Iqbal20's.

    A pose is dropped if more than half of its joints have a confidence below
    ``threshold``, or any of ``required``; a tracklet, if fewer than ``min_length``
    poses are left.
    """

    # Groups of joint indices; a group counts by its least confident joint.
    required: Sequence[Sequence[int]]
    threshold: float = 0.5
    min_length: int = 5


class Tracking(NamedTuple):
    """Association of poses across frames (:func:`associate`).

    Iqbal20 takes Xiao et al.'s pose tracking (ECCV 2018): greedy matching by
    object keypoint similarity. Without their optical flow: the frames are close.
    """

    min_similarity: float = 0.3
    # Frames for which a tracklet may be out of sight.
    max_gap: int = 5
    sigma: float = 0.08


def make_tasks(
    camera_folder: str,
    prediction_folder: str,
    joints: List[str],
    required: Sequence[Sequence[str]],
    image_root: str,
    image: str = IMAGE,
    size: Optional[Tuple[int, int]] = None,
    scale: float = 1000.0,
    threshold: float = 0.5,
    min_length: int = 5,
    tracking: Tracking = Tracking(),
) -> List[Task]:
    """One task for each video that has a camera file and predictions.

    Args:
        camera_folder (str): ``<video>.txt`` files.
        prediction_folder (str): ``<video>.json`` files, see
            :func:`read_predictions`.
        joints (list[str]): The names of the predictions' joints.
        required (list[list[str]]): Groups of joints that a pose must show: neck
            and pelvis, each a joint or several between which it lies.
        image_root (str): Where image names begin.
        image (str): Pattern of an image's name: ``{video}``, ``{time}``
            (microseconds), ``{index}`` (line number from 0; ``{index:06d}``).
        size (tuple, optional): (width, height) of all images; None reads each
            video's first.
        scale (float): mm in a unit of the camera files. Their scale is unknown,
            so lengths mean nothing across videos.
    """
    index = {name: i for i, name in enumerate(joints)}
    for group in required:
        for name in group:
            if name not in index:
                raise FormatError(
                    f'joint {name!r} is not one of {", ".join(joints)}. Correct '
                    '--neck and --pelvis; join two by a comma for the point between.'
                )
    filters = Filters(
        [[index[name] for name in group] for group in required], threshold, min_length
    )
    for folder in (camera_folder, prediction_folder):
        if not osp.isdir(folder):
            raise FormatError(
                f'{folder}: no such folder. Give the folder of the camera files (CAMERA.txt), and '
                'with --predictions that of the predictions (VIDEO.json).'
            )
    videos = sorted(osp.splitext(name)[0] for name in visible_names(camera_folder, ['.txt']))
    videos = [video for video in videos if osp.exists(osp.join(prediction_folder, video + '.json'))]

    def task(video):
        files = (
            osp.join(camera_folder, video + '.txt'),
            osp.join(prediction_folder, video + '.json'),
        )
        contents = []
        for path in files:
            with open(path, 'rb') as file:
                contents.append(file.read())
        arguments = (video, *files, len(joints), filters, image_root, image, size, scale, tracking)
        return Task(
            video,
            digest(contents, arguments[3:5], arguments[6:]),
            lambda: convert_video(*arguments),
        )

    return [task(video) for video in videos]


def convert_video(
    video: str,
    camera_file: str,
    prediction_file: str,
    num_joints: int,
    filters: Filters,
    image_root: str,
    image: str,
    size: Optional[Tuple[int, int]],
    scale: float,
    tracking: Tracking,
) -> Part:
    """Convert one video. Joints below the threshold are not labelled (v = 0).

    Of frames with the same camera the first that has a good pose is a view: the
    others show nobody from elsewhere.
    """
    part = Part()
    lines = read_cameras(camera_file)
    poses = read_predictions(prediction_file, num_joints, [line[0] for line in lines])

    def name(index: int) -> str:
        return image.format(video=video, time=lines[index][0], index=index)

    if not poses:
        part.skip('videos without predictions')
        return part
    if size is None:
        size = _size_of(osp.join(image_root, name(poses[0].frame)))
    tracks = associate(poses, tracking)
    good = np.array([is_good(pose.keypoints[:, 2], filters) for pose in poses])
    part.skip('poses with too many or the wrong joints hidden', (~good).sum())
    repeated = _repeated([poses[i].frame for i in np.flatnonzero(good)], lines)
    part.skip('views whose camera is that of an earlier one', len(repeated))
    good &= [pose.frame not in repeated for pose in poses]
    frame, views, person = part.add_frame(video, 0), {}, 0
    for track in range(tracks.max() + 1):
        members = [poses[i] for i in np.flatnonzero((tracks == track) & good)]
        if not members:
            continue
        if len(members) < filters.min_length:
            part.skip('tracklets that are too short')
            part.skip('poses in tracklets that are too short', len(members))
            continue
        for pose, shown, box in _inside(part, members, size, filters.threshold):
            if pose.frame not in views:
                time, K, R, t = lines[pose.frame]
                camera = part.add_camera(video, size, scaled_K(K, size), [], R, scale * t)
                views[pose.frame] = part.add_image(
                    name(pose.frame), frame, camera, source_frame=pose.frame, time=time * 1e-6
                )
            keypoints = pose.keypoints.copy()
            scores = np.round(keypoints[:, 2], 4).tolist()
            keypoints[:, 2] = np.where(shown, 2, 0)
            part.add_person(views[pose.frame], person, box, keypoints, keypoint_scores=scores)
        person += 1
    if not views:
        part.frames = []
        part.skip('videos without a tracklet')
    return part


def _size_of(path: str) -> Tuple[int, int]:
    """(width, height) of an image."""
    picture = read_picture(path)
    if picture is None:
        raise FormatError(
            f'{path}: no such image, or not readable. Extract the frames, correct --images '
            'and --image-pattern, or tell the size (--size).'
        )
    return picture.shape[1], picture.shape[0]


def _repeated(frames: Sequence[int], lines: list) -> Set[int]:
    """Those of the frames whose camera is that of an earlier one of them."""
    first, repeated = {}, set()
    for frame in frames:
        camera = tuple(np.concatenate([values.ravel() for values in lines[frame][1:]]).tolist())
        if first.setdefault(camera, frame) != frame:
            repeated.add(frame)
    return repeated


def _inside(
    part: Part, poses: Sequence['Pose'], size: Tuple[int, int], threshold: float
) -> List[tuple]:
    """(pose, which joints are shown, box) of each pose that the image shows."""
    entries = []
    for pose in poses:
        points = pose.keypoints
        shown = (
            (points[:, 2] >= threshold)
            & (points[:, :2] >= -0.5).all(axis=1)
            & (points[:, :2] <= np.array(size) - 0.5).all(axis=1)
        )
        box = box_around(points[:, :2], shown, size)
        if box is None:
            part.skip('poses outside the image')
        else:
            entries.append((pose, shown, box))
    return entries


def read_cameras(path: str) -> list:
    """(time in microseconds, K in parts of the image, R, t) of each frame."""
    lines = []
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            if not words or (number == 1 and len(words) == 1):
                continue  # the video's address

            def fail(field, problem):
                raise FormatError.at(
                    path,
                    f'line {number}',
                    field,
                    problem,
                    'download the file again: time fx fy cx cy 0 0 and 12 numbers of [R | t]',
                )

            try:
                values = np.array(words, dtype=float)
            except ValueError:
                values = np.zeros(0)
            if values.size != 19 or not np.isfinite(values).all():
                fail('line', f'is not 19 numbers: {line.strip()[:60]!r}')
            if values[5:7].any():
                fail('distortion', f'is {values[5:7].tolist()}, RealEstate10K has 0 0')
            matrix = values[7:].reshape(3, 4)
            R = matrix[:, :3]
            if np.abs(R @ R.T - np.eye(3)).max() > 1e-2 or np.linalg.det(R) < 0:
                fail('R', 'is not a rotation')
            u, _, v = np.linalg.svd(R)
            lines.append((int(values[0]), values[1:5], u @ v, matrix[:, 3]))
    if not lines:
        raise FormatError(f'{path}: has no camera. Download the file again.')
    return lines


def scaled_K(K: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """Intrinsics in pixels (pixel centres at whole numbers) from parts (4,)."""
    fx, fy, cx, cy = K
    w, h = size
    return np.array([[fx * w, 0, cx * w - 0.5], [0, fy * h, cy * h - 0.5], [0, 0, 1.0]])


class Pose(NamedTuple):
    """One predicted pose."""

    frame: int
    keypoints: np.ndarray  # (K, 3): x, y, confidence
    track: Optional[int]


def read_predictions(path: str, num_joints: int, times: Sequence[int]) -> List[Pose]:
    """Poses in the order of their frames, then of the file.

    The file is a list (or an object with ``annotations``) of
    ``{"frame": 0, "keypoints": [x, y, score, ...]}``. ``frame`` is the line of
    the camera file, counted from 0 (without the address); or ``timestamp`` is its
    time. ``track_id``, a number or a string, is used if all have it.
    """
    content = load_json(path)
    if isinstance(content, dict):
        content = content.get('annotations')
    if not isinstance(content, list):
        raise FormatError(
            f'{path}: is not a list of predictions. Write '
            '[{"frame": 0, "keypoints": [x, y, score, ...]}, ...].'
        )
    lines = {time: index for index, time in enumerate(times)}
    poses, seen = [], {}
    for index, entry in enumerate(content):
        try:
            pose = _read_pose(entry, num_joints, lines, len(times))
            if pose.track is not None:
                first = seen.setdefault((pose.frame, pose.track), index)
                if first != index:
                    raise _Fault(
                        'track_id',
                        f'{pose.track!r} is also that of [{first}], in the same frame',
                        'give every person of a frame its own, or leave it out of all',
                    )
        except _Fault as fault:
            raise FormatError.at(path, f'[{index}]', *fault.args) from None
        poses.append(pose)
    return sorted(poses, key=lambda pose: pose.frame)


class _Fault(Exception):
    """What is wrong with an entry: field, problem, remedy."""


def _read_pose(entry: dict, num_joints: int, lines: Dict[int, int], num_frames: int) -> Pose:
    """Check one prediction; ``lines`` has the frame of each time."""
    if not isinstance(entry, dict):
        raise _Fault(
            'frame',
            f'is missing, the entry is {entry!r}',
            'write {"frame": 0, "keypoints": [x, y, score, ...]}',
        )
    frame = _read_frame(entry, lines, num_frames)
    try:
        keypoints = np.array(entry['keypoints'], dtype=float).reshape(-1, 3)
    except (KeyError, TypeError, ValueError):
        keypoints = np.zeros((0, 3))
    if len(keypoints) != num_joints or not np.isfinite(keypoints).all():
        raise _Fault(
            'keypoints',
            f'is not {3 * num_joints} finite numbers',
            'write [x, y, score] for every joint, and pass the --metainfo of the model',
        )
    track = entry.get('track_id')
    if track is not None and not is_number(track) and not isinstance(track, str):
        raise _Fault('track_id', f'is {track!r}', 'write a number or a string, or leave it out')
    return Pose(frame, keypoints, track)


def _read_frame(entry: dict, lines: Dict[int, int], num_frames: int) -> int:
    """The line of the camera file that a prediction is of."""
    if 'timestamp' in entry:
        time = entry['timestamp']
        if not is_number(time) or time not in lines:
            raise _Fault(
                'timestamp',
                f'{time!r} is not in the camera file',
                'predict on the frames that have a camera',
            )
        return lines[time]
    frame = entry.get('frame')
    if not is_int(frame) or not 0 <= frame < num_frames:
        raise _Fault(
            'frame',
            f'is {frame!r}, the video has {num_frames} cameras',
            'write the number of the line, from 0',
        )
    return frame


def is_good(confidence: np.ndarray, filters: Filters) -> bool:
    """Whether a pose's confidences (K,) pass (Iqbal20, 4.1)."""
    low = confidence < filters.threshold
    return not (
        low.sum() > len(low) / 2 or any(low[list(group)].any() for group in filters.required)
    )


def associate(poses: Sequence[Pose], options: Tracking = Tracking()) -> np.ndarray:
    """The tracklet (N,) of each pose, numbered from 0 in order of appearance.

    ``track_id`` where every pose has one. Else greedily: in each frame, the pairs
    of a tracklet's last pose and a new pose, most similar first.
    """
    if all(pose.track is not None for pose in poses):
        numbers: Dict[object, int] = {}
        return np.array([numbers.setdefault(pose.track, len(numbers)) for pose in poses], dtype=int)
    tracks, last = np.zeros(len(poses), dtype=int), {}
    frames = np.array([pose.frame for pose in poses])
    for frame in np.unique(frames):
        new = np.flatnonzero(frames == frame)
        open_ = [
            track for track, i in last.items() if frame - poses[i].frame <= options.max_gap + 1
        ]
        scores = similarity(
            np.array(
                [poses[last[track]].keypoints for track in open_]
                or np.zeros((0, *poses[0].keypoints.shape))
            ),
            np.array([poses[i].keypoints for i in new]),
            options.sigma,
        )
        taken, given = set(), {}
        for pair in np.argsort(-scores, axis=None, kind='stable'):
            row, column = np.unravel_index(pair, scores.shape)
            if scores[row, column] < options.min_similarity:
                break
            if row not in taken and column not in given:
                taken.add(row)
                given[column] = open_[row]
        for column, i in enumerate(new):
            tracks[i] = given.get(column, len(last))
            last[tracks[i]] = i
    return tracks


def similarity(a: np.ndarray, b: np.ndarray, sigma: float) -> np.ndarray:
    """Object keypoint similarity of poses (M, K, 3) and (N, K, 3): (M, N).

    Joints weigh by the product of their confidences; the scale is the mean area
    of the two poses' extents. 0 where no joint has weight.
    """

    def area(poses):
        extent = np.ptp(poses[..., :2], axis=1) if len(poses) else np.zeros((0, 2))
        return extent.prod(axis=-1)

    weight = np.clip(a[:, None, :, 2] * b[None, :, :, 2], 0, None)
    distance = ((a[:, None, :, :2] - b[None, :, :, :2]) ** 2).sum(axis=-1)
    scale = (area(a)[:, None] + area(b)) / 2
    close = np.exp(-distance / (8 * sigma**2 * np.maximum(scale, 1)[..., None]))
    total = weight.sum(axis=-1)
    return (close * weight).sum(axis=-1) / np.where(total > 0, total, 1)
