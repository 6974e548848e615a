"""The pool of an experiment: an annotation file, and files that a round makes from it."""

import os.path as osp
from collections import Counter
from itertools import compress
from typing import (
    Any,
    Callable,
    Collection,
    Dict,
    FrozenSet,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Union,
)

import numpy as np

from ..datasets.choice import chosen_images
from ..datasets.format import (
    FORMAT,
    VERSION,
    FormatError,
    camera_names,
    check_multiview,
    have_area,
    labeled_joints,
    read_content,
)
from ..datasets.splits import SPLIT_FORMAT, instance_units, labeled_units
from ..fileio import without_collector, write_json
from .settings import UNITS
from .uniforms import keyed_uniforms

PSEUDO_LABELS = 'pseudo-labels, made by a model'  # description of files of them


class Pool(NamedTuple):
    """An annotation file as active learning sees it.

    Attributes:
        path (str): The file.
        sha256 (str): Of its bytes.
        unit (str): What is labelled at once: frames, images or instances.
        data (dict): The checked content, all of it.
        images (frozenset): Images of the chosen cameras and subjects.
        persons (frozenset): Annotations that training reads: those in these images with
            a box that has an area inside the image, no crowd regions.
        units (ndarray): Ids that may be asked for, ascending, int64 (U, ).
        sequences (ndarray): Number of each unit's recording, int64 (U, ).
        times (ndarray): Its place there, float64 (U, ).
        views (dict): Unit -> how many of the persons are its own.
        content (dict): The file as it is, parsed and unchecked.
        seconds (ndarray): When each unit was recorded, float64 (U, ); NaN where the file
            does not say.
        recordings (list): Name of each number in ``sequences``; None: of no recording.
        held (frozenset): Units that validate and are never trained on, see
            :func:`~mmpose_al.active_learning.held_out.hold_out`.
    """

    path: str
    sha256: str
    unit: str
    data: dict
    images: FrozenSet[int]
    persons: FrozenSet[int]
    units: np.ndarray
    sequences: np.ndarray
    times: np.ndarray
    views: Dict[int, int]
    content: dict
    seconds: np.ndarray
    recordings: Sequence[Optional[str]] = (None,)
    held: FrozenSet[int] = frozenset()

    @property
    def training(self) -> 'Pool':
        """The pool without the units that validate."""
        if not self.held:
            return self
        kept = ~np.isin(self.units, list(self.held))
        return self._replace(
            units=self.units[kept],
            sequences=self.sequences[kept],
            times=self.times[kept],
            seconds=self.seconds[kept],
            views={unit: count for unit, count in self.views.items() if unit not in self.held},
            held=frozenset(),
        )

    def labeled_units(self) -> Set[int]:
        """Units that the file labels."""
        return set(labeled_units(self.data, self.unit)) & set(self.units.tolist())

    def initial(self, num: int, seed: int) -> List[int]:
        """``num`` units at random, the same for every strategy of a seed."""
        if not 0 < num <= len(self.units):
            raise ValueError(f'initial is {num}, but the pool has {len(self.units)} {self.unit}')
        draws = keyed_uniforms(self.units, 'initial', seed)
        return sorted(int(i) for i in self.units[np.lexsort((self.units, draws))[:num]])

    def initial_labeled(self, num: Optional[int], seed: int) -> List[int]:
        """Units that the file labels: all, or ``num`` of them at random.

        Raises:
            ValueError: There are none, or fewer.
        """
        known = np.array(sorted(self.labeled_units()))
        if len(known) < (num or 1):
            raise ValueError(
                f'{self.path}: active_learning.initial wants {num or "all"} labelled {self.unit}, '
                f'but the file labels {len(known)}; write a number of units, which are asked for'
            )
        if num is None:
            return [int(i) for i in known]
        draws = keyed_uniforms(known, 'initial', seed)
        return sorted(int(i) for i in known[np.lexsort((known, draws))[:num]])

    def labels(self, units: Sequence[int]) -> Dict[int, np.ndarray]:
        """Annotation id -> keypoints (K, 3) of the labelled persons of some units."""
        unit_of, wanted = instance_units(self.data, self.unit), set(units)
        return {
            a['id']: np.asarray(a['keypoints'], np.float64).reshape(-1, 3)
            for a in self.data['annotations']
            if a['id'] in self.persons and unit_of[a['id']] in wanted and labeled_joints(a)
        }

    def rig(self) -> Dict[int, int]:
        """Frame id -> how many images with a camera it has."""
        return Counter(
            i['frame_id']
            for i in self.data['images']
            if i['id'] in self.images
            and i.get('frame_id') is not None
            and i.get('camera_id') is not None
        )

    @property
    def cameras(self) -> Dict[int, int]:
        """Id of a camera -> that of the first of its name; one that moves has several."""
        first: Dict[str, int] = {}
        names = camera_names(self.data)
        return {number: first.setdefault(name, number) for number, name in names.items()}

    def truth(self) -> Dict[tuple, np.ndarray]:
        """(frame id, person id) -> 3D pose (K, 4), where the file knows it."""
        return {
            (p['frame_id'], p.get('person_id') or 0): np.asarray(p['keypoints_3d'], np.float64)
            for p in self.data['poses_3d']
        }


@without_collector()
def load_pool(
    path: str,
    unit: str,
    labelable: Optional[Callable[[dict, str], List[int]]] = None,
    on_bad: str = 'raise',
    num_joints: Optional[int] = None,
    cameras: Optional[Sequence[Union[str, int]]] = None,
    subjects: Optional[Sequence[str]] = None,
    box_from_keypoints: bool = False,
) -> Pool:
    """Read the annotation file of a pool.

    Args:
        path (str): Multi-view or COCO keypoints file.
        unit (str): ``'frames'``, ``'images'`` or ``'instances'``.
        labelable (callable, optional): Takes (data, unit), gives the ids that may be
            asked for; all units with a box by default.
        on_bad (str): See :func:`~mmpose_al.datasets.format.check_multiview`.
        num_joints (int, optional): Of the metainfo.
        cameras, subjects (Sequence, optional): Those of the data set that is trained
            on, see :class:`~mmpose_al.datasets.MultiViewCocoDataset`.
        box_from_keypoints (bool): As of that data set.

    Raises:
        FormatError: The file breaks its format.
        ValueError: It has no such units, cameras or subjects.
    """
    if unit not in UNITS:
        raise ValueError(f'active_learning.unit is one of {UNITS}; got {unit!r}')
    content, identity = read_content(path)
    data = check_multiview(content, path, num_joints, on_bad, box_from_keypoints)
    sizes = {
        i['id']: (i['width'], i['height']) for i in chosen_images(data, cameras, subjects, path)
    }
    boxed = [
        a
        for a in data['annotations']
        if a['image_id'] in sizes and a.get('bbox') is not None and not a.get('iscrowd', 0)
    ]
    boxes = np.array([a['bbox'] for a in boxed], np.float64).reshape(-1, 4)
    inside = have_area(boxes, np.array([sizes[a['image_id']] for a in boxed]).reshape(-1, 2))
    read_in_training = list(compress(boxed, inside.tolist()))
    unit_of = instance_units(data, unit)
    views = Counter(unit_of[a['id']] for a in read_in_training)
    units = {unit for unit in views if unit is not None}
    if labelable is not None:
        units &= set(labelable(dict(data, annotations=read_in_training), unit))
    if not units:
        raise ValueError(
            f'{path} has no {unit} with a box inside the image'
            + (' and a label' if labelable is not None else '')
            + ' among the chosen cameras and subjects'
            * (cameras is not None or subjects is not None)
            + '; set active_learning.unit to frames, images or instances'
        )
    ids = np.array(sorted(units), np.int64)
    sequences, times, seconds, recordings = _places(data, unit, ids)
    return Pool(
        path,
        identity,
        unit,
        data,
        frozenset(sizes),
        frozenset(a['id'] for a in read_in_training),
        ids,
        sequences,
        times,
        {i: views[i] for i in ids.tolist()},
        content,
        seconds,
        recordings,
    )


def check_pool(pool: Pool, needs: Sequence[str] = (), min_inliers: int = 2) -> None:
    """Raise unless all of a pool can be scored, and as a strategy needs it.

    Args:
        pool (Pool): The pool.
        needs (Sequence[str]): ``'cameras'``: views to triangulate; ``'frames'``: views
            to compare; both of a pool of frames. Others are no matter of the file.
        min_inliers (int): Views that have to agree on a keypoint, where views are triangulated.

    Raises:
        FormatError: A person of a pool of frames belongs to none.
        ValueError: There are no cameras, or the units are no frames.
    """
    check_unit(pool.unit, needs)
    shown = {a['image_id'] for a in pool.data['annotations'] if a['id'] in pool.persons}
    images = [i for i in pool.data['images'] if i['id'] in shown]
    lost = next((i for i in images if i.get('frame_id') is None), None)
    if pool.unit == 'frames' and lost is not None:
        raise FormatError.at(
            pool.path,
            f'images (id {lost["id"]})',
            'frame_id',
            'is missing, but the '
            "image shows a person with a box, and active_learning.unit is 'frames'",
            "write it, remove the boxes of this image, or set unit to 'images'",
        )
    if 'cameras' in needs and all(i.get('camera_id') is None for i in images):
        raise ValueError(
            f'{pool.path}: the strategy or self_training triangulates, but no image of '
            'the pool has a camera_id; write cameras and frames '
            '(docs/multiview_format.md), or choose a strategy for single views without '
            'self_training'
        )
    if 'cameras' in needs:
        most = most_views(pool)
        if most < max(min_inliers, 2):
            raise ValueError(
                f'{pool.path}: the strategy or self_training triangulates, but no person is in '
                f'{max(min_inliers, 2)} calibrated views of a frame, which have to agree '
                f'(active_learning.min_inliers); the most are {most}. Take more cameras, ask for '
                'fewer, or choose a strategy for single views without self_training'
            )


def most_views(pool: Pool, labeled: Collection[int] = ()) -> int:
    """In how many calibrated views of a frame the person is that most show.

    Args:
        pool (Pool): Its file.
        labeled (Collection[int]): Persons of images that have labels; who has them in all views
            does not count.
    """
    frame_of = {
        image['id']: image.get('frame_id')
        for image in pool.data['images']
        if image.get('camera_id') is not None
    }
    counts: Counter = Counter()
    without = set()
    for annotation in pool.data['annotations']:
        frame = frame_of.get(annotation['image_id'])
        if frame is not None and annotation['id'] in pool.persons:
            key = frame, annotation.get('person_id') or 0
            counts[key] += 1
            if annotation['id'] not in labeled:
                without.add(key)
    return max((counts[key] for key in without), default=0)


def check_unit(unit: str, needs: Sequence[str]) -> None:
    """Raise a ValueError if views are compared, but their frames are not labelled."""
    if unit != 'frames' and {'cameras', 'frames'} & set(needs):
        raise ValueError(
            f'active_learning.unit is {unit!r}, but the strategy or self_training '
            'judges frames, all views of them together; set active_learning.unit='
            "'frames', or choose a strategy for single views without self_training"
        )


def _places(data: dict, unit: str, ids: np.ndarray) -> tuple:
    """Recording, place in it and seconds of each unit, and the recordings' names.

    Units of which nothing is known are of one recording, without a name.
    """
    frames = {f['id']: f for f in data['frames']}
    image_frame = {i['id']: i.get('frame_id') for i in data['images']}
    if unit == 'frames':
        frame_of = {i: i for i in ids.tolist()}
    elif unit == 'images':
        frame_of = image_frame
    else:
        frame_of = {a['id']: image_frame[a['image_id']] for a in data['annotations']}
    names: Dict[Any, int] = {}
    sequences, times, seconds = [], [], []
    for place, number in enumerate(ids.tolist()):
        frame = frames.get(frame_of.get(number))
        name = frame['sequence'] if frame else None
        sequences.append(names.setdefault(name, len(names)))
        times.append(frame['index'] if frame else place)
        second = frame.get('time') if frame else None
        seconds.append(np.nan if second is None else second)
    return (
        np.array(sequences, np.int64),
        np.array(times, np.float64),
        np.array(seconds, np.float64),
        list(names),
    )


# ---- files that a round's training reads -------------------------------------------


def write_split(pool: Pool, labeled: Sequence[int], path: str) -> None:
    """Write the split file of a round (``ids_file`` of MultiViewCocoDataset), with its checksum."""
    write_json(
        path,
        dict(
            format=SPLIT_FORMAT,
            version=VERSION,
            unit=pool.unit,
            sha256=pool.sha256,
            source=osp.basename(pool.path),
            mode='active',
            seed=None,
            labeled=sorted(int(i) for i in labeled),
        ),
        checked=True,
    )


def write_pseudo(
    pool: Pool,
    keypoints: Dict[int, np.ndarray],
    path: str,
    weights: Optional[Dict[int, np.ndarray]] = None,
) -> int:
    """Write an annotation file of the pseudo-labelled persons, with its checksum.

    It has all cameras and frames of the pool, so that the data set may choose among
    them by the same names.

    Args:
        pool (Pool): The pool.
        keypoints (dict): Annotation id -> (K, 3).
        path (str): Where to.
        weights (dict, optional): Annotation id -> (K, ): how much each joint counts in
            training.

    Returns:
        int: How many annotations have a keypoint.
    """
    annotations = []
    for annotation in pool.data['annotations']:
        if annotation['id'] in pool.persons and annotation['id'] in keypoints:
            values = np.asarray(keypoints[annotation['id']], np.float64)
            seen = int((values[:, 2] > 0).sum())
            if seen:
                new = dict(keypoints=values.round(3).ravel().tolist(), num_keypoints=seen)
                if weights is not None:
                    new['keypoint_weights'] = weights[annotation['id']].round(4).tolist()
                annotations.append({**annotation, **new})
    images = {a['image_id'] for a in annotations}
    write_json(
        path,
        dict(
            info=dict(format=FORMAT, version=VERSION, world_unit='mm', description=PSEUDO_LABELS),
            categories=pool.data['categories'],
            cameras=pool.data['cameras'],
            frames=pool.data['frames'],
            images=[i for i in pool.data['images'] if i['id'] in images],
            annotations=annotations,
            poses_3d=[],
        ),
        checked=True,
    )
    return len(annotations)
