"""What a run trains on, in a few digits: kept in its checkpoints, compared when it goes on."""

import hashlib
import os.path as osp
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
from mmengine.dataset import BaseDataset

from ..datasets.labeled_unlabeled import LabeledUnlabeledDataset

KEY = 'training_data'  # in a checkpoint's meta
LABELS = ('keypoints', 'keypoints_visible', 'keypoints_3d', 'keypoints_cam')
WHAT = dict(
    labels='the labelled samples or their labels',
    unlabeled='the unlabelled samples',
    batch_size='the size of a batch',
)


def run_digest(dataset: Any, batch_size: Optional[int], world_size: int) -> Dict[str, Any]:
    """What a training sees.

    Images are told apart by the names of their files, not by what is in them.

    Args:
        dataset: Of the training.
        batch_size (int, optional): Of each process.
        world_size (int): Processes.

    Returns:
        dict: ``labels`` and ``unlabeled`` (hexadecimal digits, None without),
        ``batch_size``, ``processes``.
    """
    labeled, unlabeled = [dataset], []
    if isinstance(dataset, LabeledUnlabeledDataset):
        ends = np.cumsum(dataset.source_sizes)
        labeled = [d for d, end in zip(dataset.datasets, ends) if end <= dataset.num_labeled]
        unlabeled = list(dataset.datasets[len(labeled) :])
    return dict(
        labels=_digest(labeled, True),
        unlabeled=_digest(unlabeled, False) if unlabeled else None,
        batch_size=batch_size,
        processes=world_size,
    )


def changes(
    before: Mapping[str, Any], now: Mapping[str, Any], allowed: Sequence[str] = ()
) -> List[str]:
    """What differs between a checkpoint and the run that goes on from it, in words.

    A batch is as large as before where all processes together see as many images a step.

    Args:
        before, now (Mapping): See :func:`run_digest`.
        allowed (Sequence[str]): Keys that may differ.

    Raises:
        ValueError: Something else differs; it says what and what to do.
    """
    differ = [key for key in ('labels', 'unlabeled') if before.get(key) != now[key]]
    if _images(before) != _images(now) and before.get('batch_size') != now['batch_size']:
        differ.append('batch_size')
    wrong = [key for key in differ if key not in allowed]
    if wrong:
        told = ' and '.join(
            WHAT[key] + _sizes(before, now) * (key == 'batch_size') for key in wrong
        )
        raise ValueError(
            f'since the checkpoint was written, {told} changed, so the run would not go on as it '
            f'was. Restore them, start anew with load_from, or say load_cfg = dict(changed={wrong})'
        )
    said = [WHAT[key] + ' changed' for key in differ]
    if before.get('processes') != now['processes']:
        said.append(_processes(before, now))
    return said


def _processes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    text = f'{before.get("processes")} process(es) wrote the checkpoint, {now["processes"]} go on'
    if _images(before) == _images(now):
        return f'{text}; a step sees {_images(now)} images as before'
    return (
        f'{text}: a step sees {_images(now)} images in place of {_images(before)}, the learning '
        'rate stays, and the order of the samples goes on at another place'
    )


def _images(digest: Mapping[str, Any]) -> Optional[int]:
    """Images a step, of all processes."""
    size = digest.get('batch_size')
    return None if size is None else size * digest.get('processes', 1)


def _sizes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return f' (from {before.get("batch_size")} to {now["batch_size"]})'


def _digest(datasets: Sequence[Any], with_labels: bool) -> str:
    total = hashlib.sha256()
    for dataset in datasets:
        _add(total, dataset, with_labels)
    return total.hexdigest()[:16]


def _add(total: Any, dataset: Any, with_labels: bool) -> None:
    """A data set's samples; those of others are looked through."""
    size = len(dataset) if hasattr(dataset, '__len__') else None
    total.update(repr(size).encode())
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is not None:
        for each in inner:
            _add(total, each, with_labels)
    elif isinstance(dataset, BaseDataset):
        for index in range(len(dataset)):
            # BaseDataset's: the pose data sets' copies the metainfo every time.
            _add_sample(total, BaseDataset.get_data_info(dataset, index), with_labels)


def _add_sample(total: Any, info: Mapping[str, Any], with_labels: bool) -> None:
    name = osp.basename(str(info.get('img_path')))
    total.update(f'{name} {info.get("id")}'.encode())
    for key in ('bbox', *(LABELS if with_labels else ())):
        if info.get(key) is not None:
            total.update(np.ascontiguousarray(info[key], np.float64).tobytes())
