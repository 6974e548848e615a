"""Keypoints of one data set as those of another, by the names of their joints."""

from copy import deepcopy
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.datasets.transforms import KeypointConverter
from mmpose.registry import TRANSFORMS

from .label_weights import WEIGHTED


def parse_metainfo(metainfo: dict, name: str) -> dict:
    """MMPose's ``parse_pose_metainfo``, which refuses joints that cannot be mirrored.

    Args:
        metainfo (dict): As a config has it.
        name (str): Whose it is, for errors.

    Raises:
        ValueError: See :func:`check_flips`, or a ``swap`` that is no joint.
    """
    try:
        parsed = parse_pose_metainfo(dict(metainfo))
    except KeyError as error:
        joints = metainfo.get('keypoint_info') or {}
        swaps = {joint.get('swap') for joint in joints.values()}
        if error.args[0] not in swaps:
            raise
        raise ValueError(
            f"{name}: a joint of its metainfo has swap={error.args[0]!r}, which is no joint's "
            "name; write the mirrored joint's name, or '' for none"
        ) from error
    check_flips(parsed, name)
    return parsed


def check_flips(metainfo: dict, name: str) -> None:
    """Raise ValueError unless mirroring an image twice gives every joint back.

    A left and a right joint of one name that stay what they are are a warning: the data may
    never be mirrored.

    Args:
        metainfo (dict): Parsed.
        name (str): Whose it is, for errors.
    """
    flips = metainfo.get('flip_indices')
    if flips is None:
        return
    named = 'keypoint_id2name' in metainfo or 'keypoint_info' in metainfo
    names = joint_names(metainfo) if named else [f'no. {index}' for index in range(len(flips))]
    for one, other in enumerate(flips):
        if flips[other] != one:
            raise ValueError(
                f'{name}: mirrored, its joint {names[one]} becomes {names[other]}, but '
                f'{names[other]} becomes {names[flips[other]]}; in keypoint_info of its '
                f"metainfo give {names[other]} swap='{names[one]}' or take the swap of "
                f'{names[one]} away'
            )
    lower = [each.lower() for each in names]
    for one, joint in enumerate(lower):
        other = joint.replace('left', 'right')
        if flips[one] == one and other != joint and other in lower:
            left, right = names[one], names[lower.index(other)]
            print_log(
                f'{name}: mirrored, its joints {left} and {right} stay what they are, so a '
                'mirrored image teaches left as right; in keypoint_info of its metainfo give '
                f"{left} swap='{right}' and {right} swap='{left}', and the other pairs too",
                'current',
                level=30,
            )
            return


def joint_names(metainfo: dict) -> List[str]:
    """Names in the order of the joints, of a data set's (parsed) metainfo."""
    if 'keypoint_id2name' not in metainfo:
        metainfo = parse_pose_metainfo(dict(metainfo))
    names = metainfo['keypoint_id2name']
    return [names[index] for index in range(len(names))]


# What MMPose's data sets tell transforms and models about the joints
JOINT_KEYS = (
    'upper_body_ids',
    'lower_body_ids',
    'flip_pairs',
    'flip_indices',
    'dataset_keypoint_weights',
)


def set_joints(results: dict, metainfo: dict) -> dict:
    """Write into a sample what is known of the joints that it has now.

    Args:
        results (dict): On its way through a pipeline.
        metainfo (dict): Parsed, of a data set with these joints.
    """
    for key in JOINT_KEYS:
        results[key] = deepcopy(metainfo[key])
    return results


def joint_mapping(
    source: Sequence[str],
    target: Sequence[str],
    rename: Optional[Dict[str, str]] = None,
    drop: Sequence[str] = (),
) -> List[Tuple[int, int]]:
    """Pairs (index in source, index in target) of joints that have one name.

    Args:
        source (Sequence[str]): Joints of the annotations, K names.
        target (Sequence[str]): Joints to be learned. Those that the source lacks stay
            unlabelled.
        rename (dict, optional): Source name -> target name, where they differ.
        drop (Sequence[str]): Joints of the source that are not wanted.

    Raises:
        ValueError: A joint of the source would be lost without being dropped by name,
            two would become one, a name is not known, or none is left.
    """
    rename = dict(rename or {})
    for name in [*rename, *drop]:
        if name not in source:
            raise ValueError(
                f'the source has no joint {name!r}, only '
                f'{", ".join(source)}; correct rename and drop'
            )
    for name in rename.values():
        if name not in target:
            raise ValueError(
                f'the target has no joint {name!r}, only {", ".join(target)}; correct rename'
            )
    place = {name: rename.get(name, name) for name in source if name not in drop}
    lost = [name for name, new in place.items() if new not in target]
    if lost:
        free = [name for name in target if name not in place.values()]
        raise ValueError(
            f'the joints {", ".join(lost)} of the source would be lost; give their '
            f'names in the target by rename (free: {", ".join(free) or "none"}), or '
            'list them in drop'
        )
    if len(set(place.values())) != len(place):
        places = list(place.values())
        twice = [new for new in places if places.count(new) > 1][0]
        both = [name for name, new in place.items() if new == twice]
        raise ValueError(
            f'{" and ".join(both)} would both become {twice}; list one of them in drop'
        )
    if not place:
        raise ValueError('no joint is left; drop fewer')
    return [(source.index(name), target.index(new)) for name, new in place.items()]


@TRANSFORMS.register_module()
class MapKeypoints(KeypointConverter):
    """MMPose's ``KeypointConverter`` by names, which loses no joint silently.

    ``pose_3d`` and weights of labels, where the sample has them, are mapped too, and what
    follows, a flip for one, finds the pairs of the target's joints.

    It stands in the pipeline of a labelled source whose skeleton differs. (For an
    unlabelled source ``KeypointConverter(num_keypoints=K, mapping=[])`` removes all
    keypoints.)

    Args:
        source (dict): Metainfo of the data set, e.g.
            ``dict(from_file='configs/_base_/datasets/aic.py')``.
        target (dict): Metainfo of the joints to be learned.
        rename, drop: See :func:`joint_mapping`.

    Raises:
        ValueError: See :func:`joint_mapping`.
    """

    def __init__(
        self,
        source: dict,
        target: dict,
        rename: Optional[Dict[str, str]] = None,
        drop: Sequence[str] = (),
    ):
        self.target = parse_metainfo(target, 'MapKeypoints: the target')
        self.source_names, self.target_names = joint_names(source), joint_names(self.target)
        mapping = joint_mapping(self.source_names, self.target_names, rename, drop)
        super().__init__(num_keypoints=len(self.target_names), mapping=mapping)

    def transform(self, results: dict) -> dict:
        """See :class:`mmpose.datasets.transforms.KeypointConverter`."""
        weights = results['keypoints_visible'][..., 1] if results.get(WEIGHTED) else None
        results = set_joints(super().transform(results), self.target)
        if weights is not None:
            mapped = weights[:, list(self.source_index)]
            results['keypoints_visible'][:, list(self.target_index), 1] = mapped
        pose = results.get('pose_3d')
        if pose is not None:
            mapped = np.zeros((self.num_keypoints, pose.shape[1]), pose.dtype)
            mapped[list(self.target_index)] = pose[list(self.source_index)]
            results['pose_3d'] = mapped
        return results
