"""Whether data sets fit each other: joints, their order, and who is labelled."""

import os.path as osp
from functools import lru_cache, partial
from typing import Iterable, Iterator, List, Optional, Sequence

import numpy as np
from mmengine.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.logging import print_log
from mmpose.datasets import CombinedDataset
from mmpose.datasets.transforms import KeypointConverter

from .joint_sides import plain_name
from .transforms.keypoint_mapping import MapKeypoints, joint_names, set_joints


def check_joint_names(names: Sequence[str], metainfo: dict, where: str) -> Optional[str]:
    """Raise ValueError if joints that a file names are not those of the metainfo.

    Spelling does not count (``left_wrist``, ``LWrist``, ``Wrist left`` are one).

    Args:
        names (Sequence[str]): As the file has them.
        metainfo (dict): Parsed, with as many joints.
        where (str): The file and entry, for errors.

    Returns:
        str | None: A warning, where at least half of the names agree and the others are new.
    """
    ours = joint_names(metainfo)
    if len(ours) != len(names):
        return None  # the number is checked where the keypoints are
    spelled, own = [[plain_name(str(name)) for name in each] for each in (names, ours)]
    wrong = [index for index, pair in enumerate(zip(spelled, own)) if len(set(pair)) > 1]
    if not wrong:
        return None
    first = wrong[0]
    text = (
        f'{where} names its joints {list(names)}, the metainfo '
        f'({metainfo.get("dataset_name")}) names them {ours}; joint {first} is {names[first]} '
        f'there and {ours[first]} here ({len(wrong)} of {len(ours)} differ)'
    )
    if sorted(spelled) == sorted(own) or 2 * len(wrong) > len(ours):
        raise ValueError(
            f"{text}. Set the data set's metainfo to that of the file; where only the names "
            'differ, correct them in the file or set check_names=False (MultiViewCocoDataset)'
        )
    return f'{text}. They are taken to be the same joints in the same order'


def describe(dataset) -> str:
    """A data set's class and file, for errors."""
    return f'{type(dataset).__name__} {getattr(dataset, "ann_file", None) or ""}'.strip()


def check_joints(dataset, metainfo: dict, kind: str = 'labelled') -> None:
    """Raise ValueError if a source's joints are not the metainfo's.

    A ``KeypointConverter`` in its pipeline counts; that of a labelled source must not
    lose joints silently. A labelled source has the joints in the same order, too; of an
    unlabelled one the number matters.
    """
    name = f'{kind} {describe(dataset)}'
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


def tell_joints(dataset, metainfo: dict) -> None:
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
    that was written apart) those with one image, id and box. Wrappers of data sets are
    looked through; what cannot be compared is said in the log.
    """
    for one in leaves(labeled):
        for other in leaves(unlabeled):
            try:
                _check_two(one, other)
            except KeyError as error:
                _say_unchecked(one, other, f'a sample has no {error.args[0]!r}')


def leaves(datasets: Iterable) -> Iterator:
    """The data sets beneath wrappers (repeated, concatenated, combined, balanced)."""
    for dataset in datasets:
        if isinstance(dataset, (ConcatDataset, CombinedDataset)):
            yield from leaves(dataset.datasets)
        elif isinstance(dataset, (RepeatDataset, ClassBalancedDataset)):
            yield from leaves([dataset.dataset])
        else:
            yield dataset


def _check_two(one, other) -> None:
    path, other_path = _source_file(one), _source_file(other)
    if path is None or other_path is None:
        unknown = one if path is None else other
        _say_unchecked(one, other, f'{type(unknown).__name__} names no file')
        return
    if path == other_path:
        both = np.intersect1d(instance_ids(one), instance_ids(other)).tolist()
        remedy = 'set subset="labeled" and subset="unlabeled" with one ids_file'
    elif _may_share_images(_image_folder(one), _image_folder(other)):
        keys = instance_keys(one) & instance_keys(other)
        both = sorted(key[1] for key in keys)
        remedy = f'take them out of {other_path}'
    else:
        return
    if both:
        raise ValueError(
            f'{path}: {len(both)} annotations are labelled and '
            f'unlabelled, first ids {both[:5]}; {remedy}, or '
            'allow_overlap=True'
        )


def _say_unchecked(one, other, why: str) -> None:
    print_log(
        f'LabeledUnlabeledDataset: it was not checked whether labelled samples of {describe(one)} '
        f'are among the unlabelled ones of {describe(other)}: {why}. Make sure of it; '
        'allow_overlap=True silences this',
        'current',
        level=30,
    )


def check_taught(labeled: Sequence) -> None:
    """Raise ValueError where a file of pseudo-labels has people who have labels by now.

    Args:
        labeled (Sequence): Labelled data sets; pseudo-labels have weights, and come after labels
            of people.
    """
    for later in labeled[1:]:
        if not getattr(later, 'has_weights', False):
            continue
        own = instance_keys(later)
        for first in labeled[: labeled.index(later)]:
            both = [] if getattr(first, 'has_weights', False) else own & instance_keys(first)
            if both:
                raise ValueError(
                    f'{describe(later)}: {len(both)} of its {len(own)} people have labels by now '
                    f'({describe(first)}), which its pseudo-labels would teach against. Make them '
                    'anew, with the config and the network that made them: mmpose-al bootstrap '
                    'CONFIG --out FILE'
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
    folder = lru_cache(maxsize=None)(osp.realpath)  # of links too
    return {
        (
            osp.join(folder(osp.dirname(info['img_path'])), osp.basename(info['img_path'])),
            info['id'],
            *np.round(np.ravel(info['bbox'])).tolist(),
        )
        for info in infos
    }


def _may_share_images(folder: str, other: str) -> bool:
    """Whether the folders are one, or one lies in the other."""
    return osp.commonpath([folder, other]) in (folder, other)


def _image_folder(dataset) -> str:
    return osp.realpath((getattr(dataset, 'data_prefix', None) or {}).get('img') or '')


def _source_file(dataset) -> Optional[str]:
    path = getattr(dataset, 'bbox_file', None) or getattr(dataset, 'ann_file', None)
    if not path or not isinstance(dataset, BaseDataset):
        return None
    return osp.realpath(path) if '://' not in path else path
