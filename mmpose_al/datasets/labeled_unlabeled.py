"""Labelled and unlabelled samples in one data set, told apart by metainfo."""

import random
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import mmcv
import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpose.datasets import CombinedDataset
from mmpose.registry import DATASETS

from ..fileio import is_number
from .checks import check_joints, check_overlap, check_taught, describe, tell_joints
from .images import ImageError, ImageFileCheck, check_loading, check_option
from .samplers import stream_seed
from .transforms.keypoint_mapping import check_flips, parse_metainfo, set_joints
from .transforms.label_weights import LabelWeights, weigh_labels


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
        check_images (bool | str): Whether to look for the end marker of JPEG and PNG
            files before they are read. OpenCV fills what is missing of a
            truncated JPEG with grey and says nothing. ``'decode'``: each process also
            decodes each file once more and asks the decoder for complaints; this finds
            most damage inside a file, and doubles the cost of its first reading.
        allow_overlap (bool): Whether an annotation may be both labelled and
            unlabelled, see :func:`check_overlap`.
        max_skips (int): Skips in a row before it is an error.
        shares (Sequence[float], optional): Of each source in a batch, labelled ones first,
            e.g. ``[1, 1, 2]`` for labels, pseudo-labels and unlabelled images.
            :class:`LabeledUnlabeledSampler` composes its batches by them. Default: half
            labelled, half unlabelled, sources of a kind by their size.

    Raises:
        ValueError: A set is empty, joints disagree, the sets overlap, or there is not one
            share above 0 for each source.
    """

    def __init__(
        self,
        labeled: Union[dict, List[dict]],
        unlabeled: Optional[Union[dict, List[dict]]] = None,
        pipeline: List[Union[dict, Callable]] = [],
        metainfo: Optional[dict] = None,
        on_error: str = 'raise',
        check_images: Union[bool, str] = True,
        allow_overlap: bool = False,
        max_skips: int = 20,
        shares: Optional[Sequence[float]] = None,
        **kwargs,
    ) -> None:
        if on_error not in ('raise', 'skip'):
            raise ValueError(
                f'LabeledUnlabeledDataset: on_error is {on_error!r}; it must be "raise" or "skip"'
            )
        check_option(check_images, 'LabeledUnlabeledDataset')
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
        self.num_labeled_sources = len(labeled_sets)
        self._num_labeled = sum(self._lens[: len(labeled_sets)])
        self.shares = None if shares is None else check_shares(shares, self.datasets)
        # Not CombinedDataset's: the sources are built above.
        BaseDataset.__init__(self, pipeline=pipeline, **kwargs)
        self._metainfo = (
            labeled_sets[0].metainfo
            if metainfo is None
            else parse_metainfo(metainfo, type(self).__name__)
        )
        for dataset in labeled_sets:
            check_joints(dataset, self._metainfo)
        for dataset in unlabeled_sets:
            check_joints(dataset, self._metainfo, 'unlabelled')
        for dataset in self.datasets:
            check_flips(dataset.metainfo, describe(dataset))
            tell_joints(dataset, self._metainfo)
        check_loading(self.pipeline.transforms)
        for dataset in self.datasets:
            dataset.loads_elsewhere = True
            check_loading(getattr(getattr(dataset, 'pipeline', None), 'transforms', []))
        weigh_labels(self.pipeline.transforms)
        for dataset in labeled_sets:
            check_weights(dataset, self.pipeline.transforms)
        check_taught(labeled_sets)
        if not allow_overlap:
            check_overlap(labeled_sets, unlabeled_sets)
        if check_images:
            check = ImageFileCheck(check_images == 'decode')
            for dataset in self.datasets:
                if hasattr(dataset, 'pipeline'):
                    dataset.pipeline.transforms.insert(0, check)

    @property
    def num_labeled(self) -> int:
        """Number of labelled samples; they have the first indices."""
        return self._num_labeled

    @property
    def num_unlabeled(self) -> int:
        """Number of unlabelled samples."""
        return self._len - self._num_labeled

    @property
    def source_sizes(self) -> List[int]:
        """Samples of each source, labelled sources first."""
        return list(self._lens)

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
        info = dataset.get_data_info(local) if hasattr(dataset, 'get_data_info') else {}
        return f'{kind} {describe(dataset)}', info

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
        except Exception:  # whatever a decoder raises
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


def check_shares(shares: Sequence[float], sources: list) -> List[float]:
    """The shares, unless there is not one above 0 for each source."""
    numbers = list(shares) if isinstance(shares, (list, tuple)) else []
    fits = len(numbers) == len(sources) and all(is_number(n) and n > 0 for n in numbers)
    if not fits:
        names = [str(getattr(s, 'ann_file', '') or type(s).__name__) for s in sources]
        raise ValueError(
            f'LabeledUnlabeledDataset: shares={shares!r}; give one number above 0 for each of '
            f'its {len(sources)} sources, labelled ones first: {", ".join(names)}'
        )
    return numbers


def check_weights(dataset: Any, transforms: Sequence) -> None:
    """Raise ValueError where a source's labels have weights that no target gets.

    Args:
        dataset: The source.
        transforms (Sequence): Those around it.
    """
    own = getattr(getattr(dataset, 'pipeline', None), 'transforms', [])
    steps = [*own, *transforms]
    if getattr(dataset, 'has_weights', False) and not any(
        isinstance(step, LabelWeights) for step in steps
    ):
        raise ValueError(
            f'{describe(dataset)}: its labels have keypoint_weights, and no GenerateTarget of the '
            'pipeline takes them to the loss; make the targets by GenerateTarget, or leave the '
            'weights out of the file'
        )


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
