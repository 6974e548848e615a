"""What to train on a project, why, and what its data lack. Rules, as pure functions.

The rules are simple and each says its reason. Where a figure stands behind one, it is that of
our studies (docs/studies); nobody has tuned the others.
"""

import math
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..datasets.format import is_labeled
from .config_text import ROUNDS, SIZES
from .pool_file import cameras_teach

STEPS, MOST_STEPS = 1000, 20000  # the least is the projects' schedule
PASSES = 100  # over the labels
BATCH = 16  # labelled images; the learning rate of the schedule is for it
LONG = dict(posedual='PoseDual', bootstrap='A second training, on what the cameras agree on,')
WITH_CAMERAS = 3.0  # times a training: a second one, with as many pseudo-labels as labels
FEW = 20  # labels with which no network is worth much
COARSE = 3.0  # pixels of the image that a pixel of the input may cover
LITTLE_MEMORY = 4.0  # GiB
NIGHT = 12 * 3600.0  # seconds that a training may take
ALIKE = 0.05  # mean distance of joints, in lengths of the body, of one pose seen twice
SMALL = 1 / 3  # share of a box that a body should span


class Data(NamedTuple):
    """What a project has.

    Attributes:
        labeled (int): People with labels in the pool.
        unlabeled (int): People without.
        views (int): Calibrated cameras.
        joints (dict): Name of a joint -> how many people have it labelled.
        box (float): Median of the longer sides of boxes, pixels of the image.
        fill (float, optional): Median share of its box that a labelled body spans, by the
            longer sides; None without labels.
        recordings (int): Videos, or cameras' recordings; 0 where images are no recordings.
        labeled_recordings (int): Those with labels.
        alike (int): Labelled people whose pose and place an earlier one of the recording has.
        validating (int): People with labels that are held out.
        cameras_teach (bool): Whether the cameras can teach one another.
    """

    labeled: int
    unlabeled: int
    views: int
    joints: Dict[str, int]
    box: float
    fill: Optional[float]
    recordings: int
    labeled_recordings: int
    alike: int
    validating: int
    cameras_teach: bool = False


class Machine(NamedTuple):
    """Where the training runs.

    Attributes:
        cores (int): Of the CPU.
        memory (float): GiB that a training may use: the GPU's, if there is one.
        gpu (str): Its name; '' without.
    """

    cores: int
    memory: float
    gpu: str = ''


class Pace(NamedTuple):
    """What was measured.

    Attributes:
        seconds (float): For the forward and the backward pass of an image.
        size (int): Side of that image.
        dual (float): Cost of a step of PoseDual, in steps of the labels alone.
    """

    seconds: float
    size: int
    dual: float


class Row(NamedTuple):
    """One choice and its reason."""

    what: str
    value: str
    reason: str


class Recommendation(NamedTuple):
    """What to train.

    Attributes:
        method (str): Name of a config of the project.
        size (int): Side of the network's input.
        batch (int): Labelled images of a batch.
        steps (int): Of the optimiser, a round's in an experiment.
        seconds (float): For the training.
        rows (list[Row]): The same for people, with reasons.
    """

    method: str
    size: int
    batch: int
    steps: int
    seconds: float
    rows: List[Row]


def describe_data(pool: Mapping[str, Any], val: Optional[Mapping[str, Any]] = None) -> Data:
    """What there is in annotation files.

    Args:
        pool (Mapping): Content of ``pool.json``, read.
        val (Mapping, optional): Of ``val.json``.
    """
    names = pool['categories'][0]['keypoints']
    recording = _recordings(pool)
    labeled = [entry for entry in pool['annotations'] if is_labeled(entry)]
    points = np.array([entry['keypoints'] for entry in labeled], float).reshape(-1, len(names), 3)
    sides = [max(entry['bbox'][2:]) for entry in pool['annotations'] if entry.get('bbox')]
    spans = [
        _length(pose) / max(entry['bbox'][2:])
        for pose, entry in zip(points, labeled)
        if entry.get('bbox') and max(entry['bbox'][2:]) > 0
    ]
    places = [recording[entry['image_id']] for entry in labeled]
    return Data(
        labeled=len(labeled),
        unlabeled=len(pool['annotations']) - len(labeled),
        views=len({camera['name'] for camera in pool.get('cameras') or ()}),
        joints=dict(zip(names, (points[..., 2] > 0).sum(0).tolist())),
        box=float(np.median(sides)) if sides else 0.0,
        fill=float(np.median(spans)) if spans else None,
        recordings=len({place for place in recording.values() if place is not None}),
        labeled_recordings=len({place for place in places if place is not None}),
        alike=poses_alike(points, places),
        validating=sum(map(is_labeled, (val or {}).get('annotations', []))),
        cameras_teach=cameras_teach(pool),
    )


def poses_alike(points: np.ndarray, places: Sequence[Any]) -> int:
    """How many people have the pose and the place of an earlier one of the same recording.

    Their joints are, in the mean, less than 5 % of the body's length apart.

    Args:
        points (ndarray): x, y and whether labelled (above 0), (N, K, 3).
        places (Sequence): Recording and camera of each.
    """
    groups: Dict[Any, List[int]] = {}
    for number, place in enumerate(places):
        groups.setdefault(place, []).append(number)
    found = 0
    for members in groups.values():
        for place, number in enumerate(members):
            earlier = points[members[:place]]
            both = (earlier[..., 2] > 0) & (points[number, :, 2] > 0)
            away = np.linalg.norm(earlier[..., :2] - points[number, :, :2], axis=-1)
            mean = (away * both).sum(1) / np.maximum(both.sum(1), 1)
            limit = ALIKE * _length(points[number])
            found += bool(((mean < limit) & (both.sum(1) >= 2)).any())
    return found


def recommend(data: Data, machine: Machine, pace: Pace) -> Recommendation:
    """What to train, with the reason for each choice."""
    batch, why_batch = choose_batch(data, machine)
    steps = max(STEPS, min(MOST_STEPS, 500 * math.ceil(PASSES * data.labeled / batch / 500)))
    size, method, why_size, why_method, seconds = _affordable(data, pace, batch, steps)
    seen = f'{round(steps * batch / data.labeled)} passes over' if data.labeled else 'a round with'
    dual = ', and as many without labels' if method == 'posedual' else ''
    where = machine.gpu or f'{machine.cores} CPU cores'
    rounds = f', {ROUNDS + 1} trainings' if method == 'experiment' else ''
    if data.cameras_teach and method == 'experiment':
        rounds += ', and after each a second one, on what the cameras agree on'
    if method == 'bootstrap':
        rounds = ', a training and a second one, on what the cameras agree on'
    rows = [
        Row('method', method, why_method),
        Row(
            'model',
            'EfficientNet-Lite0',
            'the one of the configs of a project. '
            + (
                'This GPU trains larger ones: `mmpose-al adapt` takes a config of MMPose'
                if machine.gpu
                else 'A CPU trains it'
            ),
        ),
        Row('input', f'{size}x{size}', why_size),
        Row('batch', f'{batch} labelled{dual}', why_batch),
        Row('steps', str(steps), f'{seen} {data.labeled or "the labels that people give"} labels'),
        Row(
            'time',
            spoken_time(seconds),
            f'{pace.seconds * 1e3:.1f} ms an image of {pace.size}x{pace.size}, measured on {where}'
            f'{rounds}; reading of images and validation come on top',
        ),
    ]
    return Recommendation(method, size, batch, steps, seconds, rows)


def choose_batch(data: Data, machine: Machine) -> Tuple[int, str]:
    """Labelled images of a batch, and why."""
    if machine.memory < LITTLE_MEMORY:
        return BATCH // 2, f'{machine.memory:.1f} GiB of memory are little'
    if 0 < data.labeled < BATCH:
        return max(2, data.labeled), 'there are no more labels'
    return BATCH, "the learning rate of the project's schedule is for it"


def choose_size(box: float) -> int:
    """The smallest input of which a pixel covers at most three pixels of a box."""
    return next((size for size in SIZES if box <= COARSE * size), SIZES[-1])


def choose_method(data: Data) -> Tuple[str, str]:
    """Name of a config of the project, and why; without regard to time."""
    if data.labeled < FEW and data.unlabeled:
        return 'experiment', (
            f'{data.labeled} labels are too few; it asks people for the frames that are worth most'
        )
    if data.cameras_teach and data.unlabeled >= data.labeled:
        return 'bootstrap', (
            f'{data.views} cameras teach one another: what most views agree on, the others learn. '
            'Of rendered people with 4 labelled frames that led the labels alone with every seed, '
            'and PoseDual did not (docs/studies/semi_supervised_synthetic.md)'
        )
    if data.unlabeled >= max(data.labeled, 2 * BATCH):
        return 'posedual', (
            f'{data.unlabeled} images without labels teach too. On real images with 50 labels it '
            'led the labels alone with every seed (docs/studies/lspet.md)'
        )
    return 'supervised', f'{data.unlabeled} images without labels are too few to teach much'


def lacks(data: Data) -> List[str]:
    """What the data lack, in lines; the weightiest first."""
    lines: List[str] = []
    if data.labeled and data.labeled_recordings == 1:
        lines.append(
            f'labels are of 1 recording of {data.recordings}: one subject and place, perhaps. '
            'Label frames of others'
        )
    if data.alike > 0.2 * max(data.labeled, 1):
        lines.append(
            f'{data.alike} of {data.labeled} labelled people have pose and place of another one of '
            'the recording. Frames that lie further apart teach more'
        )
    lines += _joints_without(data)
    if data.fill is not None and data.fill < SMALL:
        lines.append(
            f'a body spans {data.fill:.0%} of its box, so the network sees it small. Make the '
            'project with --detector or --boxes FILE; --boxes labels leaves out images without '
            'labels'
        )
    if not data.validating:
        lines.append('nothing validates, so nobody sees how good the network is (--val)')
    elif data.validating < FEW:
        lines.append(f'{data.validating} people validate: figures are coarse')
    if not data.unlabeled:
        lines.append('no images without labels: nothing to ask for or to learn from beside labels')
    return lines


def config_lines(chosen: Recommendation, size: int) -> List[str]:
    """Lines that a project's ``configs/data.py`` needs, where the choice is not what it has.

    Args:
        chosen (Recommendation): What to train.
        size (int): Side of the network's input in the project.
    """
    lines = []
    if chosen.size != size:
        name = f'lite0_{chosen.size}x{chosen.size}.py'
        lines.append(f"_base_ = 'mmpose_al::_base_/projects/{name}'  # instead of {size}x{size}")
    if chosen.steps != STEPS and chosen.method != 'experiment':
        ends = [chosen.steps * 7 // 10, chosen.steps * 9 // 10]
        lines += [
            f'train_cfg = dict(max_iters={chosen.steps})',
            "param_scheduler = [dict(type='LinearLR', begin=0, end=50, start_factor=0.01, "
            'by_epoch=False),',
            f"    dict(type='MultiStepLR', begin=0, end={chosen.steps}, milestones={ends}, "
            'gamma=0.1, by_epoch=False)]',
        ]
    return lines


def spoken_time(seconds: float) -> str:
    """Such as ``25 minutes``."""
    if seconds < 90:
        return f'{max(1, round(seconds))} seconds'
    if seconds < 5400:
        return f'{round(seconds / 60)} minutes'
    return f'{seconds / 3600:.1f} hours'


def _affordable(data: Data, pace: Pace, batch: int, steps: int) -> Tuple[int, str, str, str, float]:
    """Size and method that fit into a night, with their reasons and the time."""
    size, (method, why) = choose_size(data.box), choose_method(data)
    covers = 'boxes are {:.0f} pixels long: a pixel of the input covers {:.1f} of theirs'
    cut = ''
    while True:
        taught = WITH_CAMERAS if data.cameras_teach else 1.0
        times = dict(posedual=pace.dual, supervised=1.0, bootstrap=taught)
        times['experiment'] = (ROUNDS + 1) * taught
        one = steps * batch * pace.seconds * (size / pace.size) ** 2
        seconds = one * times[method]
        if seconds <= NIGHT or (method not in LONG and size == SIZES[0]):
            break
        cut = f'; with a finer one it would take {spoken_time(seconds)}'
        if size > SIZES[0]:
            size = SIZES[SIZES.index(size) - 1]
        else:
            why = f'{LONG[method]} would take {spoken_time(seconds)} here'
            method = 'supervised'
    return size, method, covers.format(data.box, data.box / size) + cut, why, seconds


def _joints_without(data: Data) -> List[str]:
    """Joints that few people have labelled."""
    if not data.labeled:
        return []
    never = [name for name, number in data.joints.items() if not number]
    usual = float(np.median(list(data.joints.values())))
    few = [f'{name} ({number})' for name, number in data.joints.items() if 0 < number < usual / 2]
    lines = []
    if never:
        lines.append(f'nobody has labelled {", ".join(never)}: the network will not know them')
    if few:
        lines.append(
            f'few labels of {", ".join(few)}, where joints usually have {usual:.0f}. Label frames '
            'that show them'
        )
    return lines


def _length(pose: np.ndarray) -> float:
    """Longer side of what labelled joints span, pixels."""
    seen = pose[pose[:, 2] > 0, :2]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0


def _recordings(pool: Mapping[str, Any]) -> Dict[int, Any]:
    """Id of an image -> recording and camera; None where it is of no recording."""
    sequences = {frame['id']: frame.get('sequence') for frame in pool.get('frames') or []}
    found: Dict[int, Any] = {}
    for image in pool['images']:
        sequence = sequences.get(image.get('frame_id'))
        found[image['id']] = None if sequence is None else (sequence, image.get('camera_id'))
    return found
