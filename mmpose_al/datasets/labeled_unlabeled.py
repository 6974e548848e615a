"""Labelled and unlabelled samples in one data set, told apart by metainfo."""

import os
import os.path as osp
import random
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

import mmcv
import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpose.datasets import CombinedDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.datasets.transforms import KeypointConverter
from mmpose.registry import DATASETS

from .samplers import stream_seed
from .transforms.keypoint_mapping import MapKeypoints, joint_names, set_joints


class ImageError(OSError):
    """An image file is missing, empty or truncated."""


class SampleError(RuntimeError):
    """A sample cannot be made. Names data set, image and annotation."""


@DATASETS.register_module()
class LabeledUnlabeledDataset(CombinedDataset):
    """Labelled sources followed by unlabelled ones.

    A sample goes through its source's own pipeline and then through this
    one's; which of the two loads and packs is free. Every packed sample's
    metainfo says ``is_labeled`` (bool) and, where the index came from
    :class:`LabeledUnlabeledSampler`, ``aug_seed`` (int). Such an index makes
    the sample a pure function of (index, seed): the random state of
    ``random``, NumPy and PyTorch (CPU) is set from the seed before both
    pipelines and restored after them.

    Args:
        labeled (dict | list[dict]): Config(s) of the labelled data sets.
        unlabeled (dict | list[dict] | None): Of the unlabelled ones. Their
            labels are ignored by the models, not removed.
        pipeline (list): Transforms after those of the source.
        metainfo (dict, optional): Default: that of the first labelled source.
        on_error (str): ``'raise'``: a missing or truncated image is a
            :class:`SampleError`. ``'skip'``: another sample of the same kind
            (chosen by index and seed) takes its place, counted and logged.
        check_images (bool): Whether to look for the end marker of JPEG and PNG
            files before they are read. OpenCV fills what is missing of a
            truncated JPEG with grey and says nothing.
        allow_overlap (bool): Whether an annotation may be both labelled and
            unlabelled, see :func:`check_overlap`.
        max_skips (int): Skips in a row before it is an error.

    Raises:
        ValueError: A set is empty, joints disagree, or the sets overlap.
    """

    def __init__(
        self,
        labeled: Union[dict, List[dict]],
        unlabeled: Optional[Union[dict, List[dict]]] = None,
        pipeline: List[Union[dict, Callable]] = [],
        metainfo: Optional[dict] = None,
        on_error: str = 'raise',
        check_images: bool = True,
        allow_overlap: bool = False,
        max_skips: int = 20,
        **kwargs,
    ) -> None:
        if on_error not in ('raise', 'skip'):
            raise ValueError(
                f'LabeledUnlabeledDataset: on_error is {on_error!r}; it must be "raise" or "skip"'
            )
        self.on_error = on_error
        self.max_skips = max_skips
        self.num_skipped = 0
        self.resample = False
        self._group_of: Dict[int, np.ndarray] = {}
        labeled_sets = _build('labeled', labeled)
        unlabeled_sets = [] if unlabeled is None else _build('unlabeled', unlabeled)
        self.datasets = labeled_sets + unlabeled_sets
        self._lens = [len(dataset) for dataset in self.datasets]
        self._len = sum(self._lens)
        self._num_labeled = sum(self._lens[: len(labeled_sets)])
        # Not CombinedDataset's: the sources are built above.
        BaseDataset.__init__(self, pipeline=pipeline, **kwargs)
        self._metainfo = (
            labeled_sets[0].metainfo if metainfo is None else parse_pose_metainfo(metainfo)
        )
        for dataset in labeled_sets:
            check_joints(dataset, self._metainfo)
        for dataset in unlabeled_sets:
            check_joints(dataset, self._metainfo, 'unlabelled')
        for dataset in self.datasets:
            _tell_joints(dataset, self._metainfo)
        if not allow_overlap:
            check_overlap(labeled_sets, unlabeled_sets)
        if check_images:
            for dataset in self.datasets:
                if hasattr(dataset, 'pipeline'):
                    dataset.pipeline.transforms.insert(0, check_sample_image)

    @property
    def num_labeled(self) -> int:
        """Number of labelled samples; they have the first indices."""
        return self._num_labeled

    @property
    def num_unlabeled(self) -> int:
        """Number of unlabelled samples."""
        return self._len - self._num_labeled

    def unlabeled_groups(self) -> List[np.ndarray]:
        """Indices of the unlabelled views of each person in each frame.

        From then on a view that is skipped is replaced by another one of its group.

        Returns:
            list[ndarray]: One array a group, in the order of (source, frame, person).

        Raises:
            ValueError: A sample has no frame, or a group has one view only.
        """
        members: dict = {}
        offset = 0
        for source, dataset in enumerate(self.datasets):
            for local in range(self._lens[source]):
                if offset + local >= self.num_labeled:
                    # BaseDataset's: the pose data sets' copies the metainfo.
                    info = BaseDataset.get_data_info(dataset, local)
                    key = (source, info.get('frame_id'), info.get('person_id') or 0)
                    if key[1] is None:
                        raise ValueError(
                            f'{info.get("img_path")} belongs to no frame; groups of '
                            'views need frames and cameras (docs/multiview_format.md)'
                        )
                    members.setdefault(key, []).append(offset + local)
            offset += self._lens[source]
        single = [key for key, views in members.items() if len(views) < 2]
        if single:
            raise ValueError(
                f'{len(single)} of {len(members)} groups have one view, first: frame '
                f'{single[0][1]}, person {single[0][2]}; a group needs two. Leave '
                'these frames out of the unlabelled set'
            )
        groups = [np.array(members[key]) for key in sorted(members)]
        self._group_of = {int(view): group for group in groups for view in group}
        return groups

    def __getitem__(self, idx: int) -> Any:
        seed = getattr(idx, 'seed', None)
        idx = int(idx)
        if idx < 0:
            idx += len(self)
        with forked_random_state(seed):
            return self._sample(idx, seed)

    def prepare_data(self, idx: int) -> Any:
        """One sample through both pipelines, without any retry."""
        data = self.get_data_info(idx)
        if data is not None and self.pipeline.transforms:
            data['dataset'] = self
            data = self.pipeline(data)
        return data

    def get_data_info(self, idx: int) -> Optional[dict]:
        """One sample through its source's pipeline."""
        source, local = self._get_subset_index(idx)
        dataset = self.datasets[source]
        # prepare_data rather than []: BaseDataset silently replaces a sample
        # for which its pipeline returns None by another one.
        data = dataset.prepare_data(local) if hasattr(dataset, 'prepare_data') else dataset[local]
        if data is None or 'data_samples' in data:
            return data
        data.pop('dataset', None)
        data['is_labeled'] = idx < self.num_labeled
        return set_joints(data, self._metainfo)

    def _sample(self, idx: int, seed: Optional[int]) -> Any:
        is_labeled = idx < self.num_labeled
        others = self._group_of.get(
            idx, range(self.num_labeled) if is_labeled else range(self.num_labeled, len(self))
        )
        current = idx
        for attempt in range(self.max_skips + 1):
            try:
                data = self.prepare_data(current)
                if data is None:
                    raise ImageError('the pipeline returned None')
                return mark_sample(data, is_labeled, seed)
            except Exception as error:
                message = self._describe(current, error)
                if self.on_error == 'raise' or not self._is_bad_image(current, error):
                    raise SampleError(message) from error
            self.num_skipped += 1
            print_log(
                f'skipped sample no. {self.num_skipped} of this process: {message}',
                'current',
                level=30,
            )
            current = int(others[stream_seed(idx, seed or 0, attempt) % len(others)])
        raise SampleError(
            f'{self.max_skips} samples in a row cannot be read; the last: '
            f'{message}. Check data_prefix and the image files.'
        )

    def _info(self, idx: int) -> Tuple[str, dict]:
        """Name of the source and what is known of a sample."""
        source, local = self._get_subset_index(idx)
        dataset = self.datasets[source]
        kind = 'labelled' if idx < self.num_labeled else 'unlabelled'
        name = (f'{kind} {type(dataset).__name__} {getattr(dataset, "ann_file", "") or ""}').strip()
        info = dataset.get_data_info(local) if hasattr(dataset, 'get_data_info') else {}
        return name, info

    def _describe(self, idx: int, error: Exception) -> str:
        name, info = self._info(idx)
        return (
            f'{name}: image {info.get("img_path")}, annotation id '
            f'{info.get("id")}: {type(error).__name__}: {error}'
        )

    def _is_bad_image(self, idx: int, error: Exception) -> bool:
        """Whether the image is to blame, not a fault of a transform."""
        if isinstance(error, ImageError):
            return True
        path = self._info(idx)[1].get('img_path')
        try:
            return path is not None and mmcv.imread(path) is None
        except Exception:
            return True


# --------------------------------------------------------------------------


def mark_sample(data: dict, is_labeled: bool, seed: Optional[int]) -> dict:
    """Write ``is_labeled`` and ``aug_seed`` where the model will look."""
    marks = dict(is_labeled=is_labeled)
    if seed is not None:
        marks['aug_seed'] = seed
    if 'data_samples' in data:
        data['data_samples'].set_metainfo(marks)
    else:
        data.update(marks)
    return data


@contextmanager
def forked_random_state(seed: Optional[int]) -> Iterator[None]:
    """Seed ``random``, NumPy and PyTorch (CPU) inside, restore them after.

    Args:
        seed (int, optional): In [0, 2**63); None leaves everything alone.
    """
    if seed is None:
        yield
        return
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32])
    # Not torch.manual_seed, which also reseeds the GPUs.
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def check_sample_image(results: dict) -> dict:
    """A transform: :func:`check_image` on ``img_path``."""
    if results.get('img') is None and results.get('img_path'):
        check_image(results['img_path'])
    return results


def check_image(path: str) -> None:
    """Raise :class:`ImageError` if an image file is missing or truncated.

    Reads the first bytes and the last kilobyte: a JPEG must have an
    end-of-image marker after its first scan begins, a PNG its IEND chunk.
    Bytes after them do no harm. Other formats must only not be empty. Paths
    of remote backends (``s3://...``) are not checked.
    """
    if '://' in path:
        return
    try:
        file = open(path, 'rb')
    except OSError as error:
        raise ImageError(f'cannot open {path}: {error.strerror}') from None
    with file:
        head = file.read(8)
        if not head:
            raise ImageError(f'{path} is empty')
        if head[:2] == b'\xff\xd8':
            complete = _ends_with(file, _jpeg_scan(file), b'\xff\xd9')
        elif head == b'\x89PNG\r\n\x1a\n':
            complete = _ends_with(file, 8, b'IEND\xaeB`\x82')
        else:
            complete = True
    if not complete:
        raise ImageError(f'{path} is truncated: no end marker')


def _jpeg_scan(file) -> Optional[int]:
    """Where the first scan's segment begins; None if the file ends before.

    An embedded thumbnail has an end marker of its own, before that place.
    """
    file.seek(2)
    while True:
        marker = file.read(2)
        while marker == b'\xff\xff':  # fill bytes
            marker = b'\xff' + file.read(1)
        if len(marker) < 2 or marker[0] != 0xFF:
            return None
        if marker[1] == 0xDA:
            return file.tell()
        if marker[1] in (0x01, 0xD8) or 0xD0 <= marker[1] <= 0xD7:
            continue
        length = int.from_bytes(file.read(2), 'big')
        if length < 2:
            return None
        file.seek(length - 2, os.SEEK_CUR)


def _ends_with(file, start: Optional[int], marker: bytes) -> bool:
    """Whether the marker stands behind ``start``; looks at the end first."""
    if start is None:
        return False
    size = file.seek(0, os.SEEK_END)
    tail = max(start, size - 1024)
    file.seek(tail)
    if marker in file.read():
        return True
    file.seek(min(start, size))
    return marker in file.read()


def check_joints(dataset, metainfo: dict, kind: str = 'labelled') -> None:
    """Raise ValueError if a source's joints are not the metainfo's.

    A ``KeypointConverter`` in its pipeline counts; that of a labelled source must not
    lose joints silently. A labelled source has the joints in the same order, too; of an
    unlabelled one the number matters.
    """
    name = f'{kind} {type(dataset).__name__} {getattr(dataset, "ann_file", "")}'
    joints = dataset.metainfo.get('num_keypoints')
    pipeline = getattr(dataset, 'pipeline', None)
    for transform in getattr(pipeline, 'transforms', []):
        if isinstance(transform, KeypointConverter):
            if kind == 'labelled':
                check_converter(transform, joint_names(dataset.metainfo), name)
            joints = transform.num_keypoints
    wanted = metainfo['num_keypoints']
    if joints is None:
        return
    if joints == wanted:
        if kind == 'labelled' and 'keypoint_id2name' in dataset.metainfo:
            _check_order(dataset, joint_names(metainfo), name)
        return
    remedy = (
        'set metainfo, or add MapKeypoints'
        if kind == 'labelled'
        else f'add KeypointConverter(num_keypoints={wanted}, mapping=[])'
    )
    raise ValueError(
        f'{name}: has {joints} joints, the metainfo of LabeledUnlabeledDataset '
        f"{wanted}; {remedy} to that data set's own pipeline"
    )


def _check_order(dataset, wanted: List[str], name: str) -> None:
    """Raise ValueError if as many joints as wanted are not the wanted ones.

    What a plain ``KeypointConverter`` makes has no names and is not looked at.
    """
    names = joint_names(dataset.metainfo)
    transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', [])
    for transform in transforms:
        if isinstance(transform, KeypointConverter):
            names = getattr(transform, 'target_names', wanted)
    wrong = [(i, a, b) for i, (a, b) in enumerate(zip(names, wanted)) if a != b]
    if wrong:
        index, found, expected = wrong[0]
        raise ValueError(
            f'{name}: its joint {index} is {found}, that of LabeledUnlabeledDataset '
            f'{expected} ({len(wrong)} of {len(wanted)} differ); set metainfo, or add '
            "MapKeypoints to that data set's own pipeline, with rename where only the "
            'names differ'
        )


def _tell_joints(dataset, metainfo: dict) -> None:
    """Have a source's own pipeline flip and pack by the joints that are learned.

    Its own joints, until a converter makes them those.
    """
    transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', None)
    if transforms:
        places = [
            place + 1
            for place, transform in enumerate(transforms)
            if isinstance(transform, KeypointConverter)
        ]
        transforms.insert(max(places, default=0), partial(set_joints, metainfo=metainfo))


def check_converter(converter: KeypointConverter, names: List[str], name: str) -> None:
    """Raise ValueError if a converter does not fit the joints, or loses some unsaid."""
    if isinstance(converter, MapKeypoints):
        if converter.source_names != names:
            raise ValueError(
                f'{name}: its MapKeypoints maps from {converter.source_names}, the '
                f'data set has {names}; give it the metainfo of this set as source'
            )
        return
    used = set(converter.source_index) | set(getattr(converter, 'source_index2', []))
    wrong = [i for i in used if not 0 <= i < len(names)]
    wrong_target = [i for i in converter.target_index if not 0 <= i < converter.num_keypoints]
    twice = len(set(converter.target_index)) != len(converter.target_index)
    if wrong or wrong_target or twice:
        problem = (
            f'source index {wrong[0]} of {len(names)} joints'
            if wrong
            else f'target index {wrong_target[0]} of {converter.num_keypoints} joints'
            if wrong_target
            else 'one target index twice'
        )
        raise ValueError(f'{name}: its KeypointConverter names {problem}; correct the mapping')
    lost = [joint for i, joint in enumerate(names) if i not in used]
    if lost:
        raise ValueError(
            f'{name}: its KeypointConverter loses the joints {", ".join(lost)}; if '
            f'that is meant, say so with MapKeypoints(drop={lost})'
        )


def check_overlap(labeled: list, unlabeled: list) -> None:
    """Raise ValueError if an annotation is both labelled and unlabelled.

    Of one file those with one id; of different files (a list of unlabelled annotations
    that was written apart) those with one image, id and box.
    """
    for one in labeled:
        for other in unlabeled:
            path, other_path = _source_file(one), _source_file(other)
            if path is None or other_path is None:
                continue
            if path == other_path:
                both = np.intersect1d(instance_ids(one), instance_ids(other)).tolist()
                remedy = 'set subset="labeled" and subset="unlabeled" with one ids_file'
            elif _image_folder(one) == _image_folder(other):
                keys = instance_keys(one) & instance_keys(other)
                both = sorted(key[1] for key in keys)
                remedy = f'take them out of {other_path}'
            else:
                continue
            if both:
                raise ValueError(
                    f'{path}: {len(both)} annotations are labelled and '
                    f'unlabelled, first ids {both[:5]}; {remedy}, or '
                    'allow_overlap=True'
                )


def instance_ids(dataset) -> np.ndarray:
    """Annotation ids of all samples of a COCO-style data set."""
    # BaseDataset's: the pose data sets' copies the metainfo every time.
    return np.array(
        [BaseDataset.get_data_info(dataset, index)['id'] for index in range(len(dataset))]
    )


def instance_keys(dataset) -> set:
    """(image file, annotation id, box) of all samples of a COCO-style data set."""
    infos = (BaseDataset.get_data_info(dataset, index) for index in range(len(dataset)))
    return {
        (osp.normpath(info['img_path']), info['id'], *np.round(np.ravel(info['bbox'])).tolist())
        for info in infos
    }


def _image_folder(dataset) -> str:
    return osp.realpath((getattr(dataset, 'data_prefix', None) or {}).get('img') or '')


def _source_file(dataset) -> Optional[str]:
    path = getattr(dataset, 'bbox_file', None) or getattr(dataset, 'ann_file', None)
    if not path or not isinstance(dataset, BaseDataset):
        return None
    return osp.realpath(path) if '://' not in path else path


def _build(name: str, configs) -> list:
    """Build the sources; an empty one is an error that names it."""
    if not isinstance(configs, (list, tuple)):
        configs = [configs]
    if not configs:
        raise ValueError(f'LabeledUnlabeledDataset: `{name}` is an empty list')
    datasets = []
    for index, config in enumerate(configs):
        where = f'LabeledUnlabeledDataset: `{name}` no. {index}'
        try:
            dataset = DATASETS.build(config) if isinstance(config, dict) else config
            if hasattr(dataset, 'full_init'):
                dataset.full_init()
        except ValueError as error:
            # NumPy's message when BaseDataset serialises an empty list.
            if 'at least one array' not in str(error):
                raise
            raise ValueError(
                f'{where} ({config.get("ann_file")}) is empty: no valid instance is left'
            ) from error
        if not len(dataset):
            raise ValueError(
                f'{where} ({getattr(dataset, "ann_file", None)}) '
                'is empty: no valid instance is left'
            )
        datasets.append(dataset)
    return datasets
