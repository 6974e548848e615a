"""PCK by joint, normalised by the box or by the torso."""
from typing import Dict, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.registry import METRICS


@METRICS.register_module()
class JointPCK(BaseMetric):
    """Share of joints found within ``thr`` of a length, in percent.

    The mean runs over joints: a joint that is seldom visible weighs as much as others.
    Invisible joints (v = 0), and images without a length, do not count.

    Args:
        thr (float): Radius as a share of the length.
        norm (str): ``'bbox'``: the longer side of the box (Yu24, PCK@0.1);
            ``'torso'``: the distance between two joints.
        torso (Sequence[str]): Names of these two joints.
        per_joint (bool): Report each joint as well.
        prefix (str, optional): Before the names in the log.

    Raises:
        ValueError: An unknown norm, or joints that the data set lacks.
    """
    default_prefix = 'pck'

    def __init__(self,
                 thr: float = 0.1,
                 norm: str = 'bbox',
                 torso: Sequence[str] = ('left_hip', 'right_shoulder'),
                 per_joint: bool = False,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None):
        super().__init__(collect_device=collect_device, prefix=prefix)
        if norm not in ('bbox', 'torso'):
            raise ValueError(f"norm is 'bbox' or 'torso'; got {norm!r}")
        self.thr, self.norm, self.torso = thr, norm, tuple(torso)
        self.per_joint = per_joint

    def _torso_indices(self) -> list:
        names = self.dataset_meta['keypoint_id2name']
        ids = {name: index for index, name in names.items()}
        missing = [name for name in self.torso if name not in ids]
        if missing:
            raise ValueError(f'the data set has no joint {missing[0]!r}; give torso two '
                             f'of {sorted(ids)}')
        return [ids[name] for name in self.torso]

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep distances' ingredients of one batch; one person a sample."""
        for sample in data_samples:
            truth = sample['gt_instances']
            keypoints = truth['keypoints'][..., :2]
            visible = np.asarray(truth['keypoints_visible'])
            visible = visible[..., 0] if visible.ndim == 3 else visible
            visible = visible.reshape(len(keypoints), -1) > 0
            if self.norm == 'torso':
                a, b = self._torso_indices()
                length = np.linalg.norm(keypoints[:, a] - keypoints[:, b], axis=-1)
                length = np.where(visible[:, a] & visible[:, b], length, 0.0)
            else:
                boxes = truth['bboxes']
                length = (boxes[:, 2:] - boxes[:, :2]).max(-1)
            predicted = sample['pred_instances']['keypoints'][..., :2]
            self.results.append((predicted, keypoints, visible, length))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """``{norm}@{thr}``, in percent, and ``.../{joint}`` where asked for."""
        predicted, truth, visible, length = (
            np.concatenate(part) for part in zip(*results))
        visible = visible & (length > 0)[:, None]
        sizes = np.maximum(length, 1e-9)[:, None].repeat(2, 1)
        joints, mean, _ = keypoint_pck_accuracy(predicted, truth, visible, self.thr,
                                                sizes)
        name = f'{self.norm}@{self.thr:g}'
        metrics = {name: 100 * float(mean)}
        if self.per_joint:
            for index, value in enumerate(joints):
                joint = self.dataset_meta['keypoint_id2name'][index]
                if value >= 0:
                    metrics[f'{name}/{joint}'] = 100 * float(value)
        return metrics
