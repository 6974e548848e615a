"""PCK by joint, normalised by the box, the torso or the head."""

from collections import defaultdict
from itertools import chain
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.registry import METRICS

NORMS = ('bbox', 'torso', 'head')


@METRICS.register_module()
class JointPCK(BaseMetric):
    """Share of joints found within ``thr`` of a length, in percent.

    The mean runs over joints: a joint that is seldom visible weighs as much as others.
    Invisible joints (v = 0), and images without a length, do not count.

    Why not MMPose's own? ``PCKAccuracy`` reports no single joint, and takes joints 4
    and 5 for the torso whatever the skeleton. ``MpiiPCKAccuracy`` is right for PCKh@0.5
    of MPII's 16 joints and serves for tables beside others'. It weighs joints by how
    often they are visible, without pelvis and thorax, and it adds one pixel to the
    predictions, which is one too many: the labels of MMPose 1.x's ``MpiiDataset`` are
    one-based in training as well. At half a head that hardly shows.

    Args:
        thr (float): Radius as a share of the length.
        norm (str): ``'bbox'``: the longer side of the box (Yu24, PCK@0.1);
            ``'torso'``: the distance between two joints; ``'head'``: the head size of
            ``MpiiDataset(headbox_file=...)``, so with ``thr=0.5`` this is PCKh@0.5.
        torso (Sequence[str]): Names of these two joints.
        per_joint (bool): Report each joint as well.
        meta_joints (bool): With ``per_joint``, report the means of left and right
            joints instead, and one of nose, eyes, ears and top of the head, ``head``
            (Yu24, Table 2).
        per_action (bool): Report ``.../action/{action}`` as well, of samples whose
            metainfo has an ``action``, as ``MultiViewCocoDataset`` gives it.
        prefix (str, optional): Before the names in the log.

    Raises:
        ValueError: An unknown norm, joints or head sizes that the data set lacks.
    """

    default_prefix = 'pck'

    def __init__(
        self,
        thr: float = 0.1,
        norm: str = 'bbox',
        torso: Sequence[str] = ('left_hip', 'right_shoulder'),
        per_joint: bool = False,
        meta_joints: bool = False,
        per_action: bool = False,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_norm(norm)
        if meta_joints and not per_joint:
            raise ValueError('meta_joints says how the joints are reported; set per_joint=True too')
        self.thr, self.norm, self.torso = thr, norm, tuple(torso)
        self.per_joint = per_joint
        self.meta_joints = meta_joints
        self.per_action = per_action

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep distances' ingredients of one batch; one person a sample."""
        torso = torso_indices(self.dataset_meta, self.torso) if self.norm == 'torso' else ()
        for sample in data_samples:
            predicted, keypoints, visible, length = joints_and_lengths(sample, self.norm, torso)
            actions = [sample.get('action')] * len(predicted)
            self.results.append((predicted, keypoints, visible, length, actions))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """``{norm}@{thr}``, in percent, NaN if no joint counts; where asked for,
        ``.../{joint}`` and ``.../action/{action}`` where one does."""
        *arrays, actions = zip(*results)
        predicted, truth, visible, length = map(np.concatenate, arrays)
        actions = np.array(list(chain(*actions)), dtype=object)
        visible = visible & (length > 0)[:, None]
        sizes = np.maximum(length, 1e-9)[:, None].repeat(2, 1)
        joints, mean, _ = keypoint_pck_accuracy(predicted, truth, visible, self.thr, sizes)
        name = f'{self.norm}@{self.thr:g}'
        # MMPose's mean of nothing is 0.
        metrics = {name: 100 * float(mean) if visible.any() else float('nan')}
        if self.per_joint:
            parts = defaultdict(list)
            for index, value in enumerate(joints):
                joint = self.dataset_meta['keypoint_id2name'][index]
                if value >= 0:
                    if self.meta_joints:
                        joint = meta_joint(joint)
                    parts[joint].append(value)
            for joint, part in parts.items():
                metrics[f'{name}/{joint}'] = 100 * float(np.mean(part))
        if self.per_action:
            for action in sorted({a for a in actions if a is not None}):
                rows = actions == action
                if not visible[rows].any():
                    continue
                _, mean, _ = keypoint_pck_accuracy(
                    predicted[rows], truth[rows], visible[rows], self.thr, sizes[rows]
                )
                metrics[f'{name}/action/{action}'] = 100 * float(mean)
        return metrics


def check_norm(norm: str) -> None:
    """Raise a ValueError unless there is such a length."""
    if norm not in NORMS:
        raise ValueError(f"norm is 'bbox', 'torso' or 'head'; got {norm!r}")


def torso_indices(dataset_meta: dict, torso: Sequence[str]) -> List[int]:
    """Indices of the two joints between which the torso is.

    Raises:
        ValueError: The data set has no such joints.
    """
    ids = {name: index for index, name in dataset_meta['keypoint_id2name'].items()}
    missing = [name for name in torso if name not in ids]
    if missing:
        raise ValueError(
            f'the data set has no joint {missing[0]!r}; give torso two of {sorted(ids)}'
        )
    return [ids[name] for name in torso]


def joints_and_lengths(
    sample: dict, norm: str, torso: Sequence[int] = ()
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The ingredients of distances in a sample of N persons.

    Args:
        sample (dict): As MMEngine's evaluator gives it.
        norm (str): See :class:`JointPCK`.
        torso (Sequence[int]): Indices of two joints.

    Returns:
        tuple: Predicted and true joints (N, K, 2), which are visible (N, K) and the lengths
        (N, ), 0 where there is none.

    Raises:
        ValueError: The data set gives no head sizes.
    """
    truth = sample['gt_instances']
    keypoints = truth['keypoints'][..., :2]
    visible = np.asarray(truth['keypoints_visible'])
    visible = visible[..., 0] if visible.ndim == 3 else visible
    visible = visible.reshape(len(keypoints), -1) > 0
    if norm == 'torso':
        a, b = torso
        length = np.linalg.norm(keypoints[:, a] - keypoints[:, b], axis=-1)
        length = np.where(visible[:, a] & visible[:, b], length, 0.0)
    elif norm == 'head':
        if 'head_size' not in truth:
            raise ValueError(
                'the data set gives no head sizes; set headbox_file of '
                'MpiiDataset, or norm="bbox" or "torso"'
            )
        length = np.reshape(truth['head_size'], -1)
    else:
        boxes = truth['bboxes']
        length = (boxes[:, 2:] - boxes[:, :2]).max(-1)
    return sample['pred_instances']['keypoints'][..., :2], keypoints, visible, length


def meta_joint(name: str) -> str:
    """The name without its side; ``head`` for the face and the top of the head."""
    for side in ('left_', 'right_'):
        if name.startswith(side):
            name = name[len(side) :]
    return 'head' if name in ('nose', 'eye', 'ear', 'head_top') else name
