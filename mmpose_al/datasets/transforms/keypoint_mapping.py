"""Keypoints of one data set as those of another, by the names of their joints."""

from copy import deepcopy
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.datasets.transforms import KeypointConverter
from mmpose.registry import TRANSFORMS


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

    ``pose_3d``, where the sample has one, is mapped too, and what follows, a flip for
    one, finds the pairs of the target's joints.

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
        self.target = parse_pose_metainfo(dict(target))
        self.source_names, self.target_names = joint_names(source), joint_names(self.target)
        mapping = joint_mapping(self.source_names, self.target_names, rename, drop)
        super().__init__(num_keypoints=len(self.target_names), mapping=mapping)

    def transform(self, results: dict) -> dict:
        """See :class:`mmpose.datasets.transforms.KeypointConverter`."""
        results = set_joints(super().transform(results), self.target)
        pose = results.get('pose_3d')
        if pose is not None:
            mapped = np.zeros((self.num_keypoints, pose.shape[1]), pose.dtype)
            mapped[list(self.target_index)] = pose[list(self.source_index)]
            results['pose_3d'] = mapped
        return results
