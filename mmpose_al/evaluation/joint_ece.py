"""How far the confidence of joints is from the share of them that is right."""

from typing import Dict, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS

from ..confidence import negative_log_likelihood, read_confidence, reliability
from .functional import joint_names
from .joint_pck import check_norm, joints_and_lengths, torso_indices


class JudgedJoints(NamedTuple):
    """Predicted joints of N persons beside the truth.

    Attributes:
        scores (ndarray): As the model gave them, (N, K).
        right (ndarray): Which lie within the radius, bool (N, K).
        counted (ndarray): Which are visible and have a length, bool (N, K).
        joints (list[str]): Names of the K joints.
        moments (list, optional): What each person is of: the image, or where it is known the frame,
            which several views show; None: each is of its own.
    """

    scores: np.ndarray
    right: np.ndarray
    counted: np.ndarray
    joints: list
    moments: Optional[list] = None


@METRICS.register_module()
class JointECE(BaseMetric):
    """Expected calibration error of the confidence of joints, in percent.

    A joint is right within ``thr`` of a length, as in
    :class:`~mmpose_al.evaluation.joint_pck.JointPCK`. Joints are put into bins by their
    confidence; ECE is the mean distance of a bin's confidence to the share of it that is right,
    each bin weighted by its joints (Guo et al., ICML 2017, Eq. 5). Invisible joints do not
    count. All joints weigh alike.

    Args:
        thr (float): Radius as a share of the length.
        norm (str): ``'bbox'``, ``'torso'`` or ``'head'``, see ``JointPCK``.
        torso (Sequence[str]): Names of two joints.
        bins (int): Of equal width.
        per_joint (bool): Report each joint as well.
        confidence (str, optional): File of ``mmpose-al confidence``, which turns scores into
            confidence. Without it scores are taken as they are, cut to [0, 1].
        prefix (str, optional): Before the names in the log.

    Attributes:
        judged (JudgedJoints): What the last evaluation was of.

    Raises:
        ValueError: An unknown norm, joints or head sizes that the data set lacks.
        FileError: ``confidence`` is no such file.
    """

    default_prefix = 'confidence'

    def __init__(
        self,
        thr: float = 0.1,
        norm: str = 'bbox',
        torso: Sequence[str] = ('left_hip', 'right_shoulder'),
        bins: int = 15,
        per_joint: bool = False,
        confidence: Optional[str] = None,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_norm(norm)
        if bins < 1:
            raise ValueError(f'bins is a number of bins, at least 1; got {bins}')
        self.thr, self.norm, self.torso = thr, norm, tuple(torso)
        self.bins, self.per_joint = bins, per_joint
        self.mapping = None if confidence is None else read_confidence(confidence)
        self.judged: Optional[JudgedJoints] = None

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep scores, and which joints are right, of one batch."""
        torso = torso_indices(self.dataset_meta, self.torso) if self.norm == 'torso' else ()
        for sample in data_samples:
            predicted, truth, visible, length = joints_and_lengths(sample, self.norm, torso)
            apart = np.linalg.norm(np.asarray(predicted) - truth, axis=-1)
            counted = visible & (length > 0)[:, None]
            scores = np.asarray(sample['pred_instances']['keypoint_scores'], float)
            if self.mapping is not None:
                self.mapping.check_joints(scores.shape[1])
            named = [(key, sample.get(key)) for key in ('frame_id', 'img_id')]
            known = [each for each in named if each[1] is not None]
            moments = [known[0] if known else ('sample', len(self.results))] * len(scores)
            self.results.append((scores, apart <= self.thr * length[:, None], counted, moments))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """``ECE`` in percent, ``NLL``, the mean confidence ``mean`` and the share ``right``
        in percent; ``ECE/{joint}`` where asked for. NaN where no joint counts."""
        scores, right, counted = map(np.concatenate, list(zip(*results))[:3])
        moments = [moment for result in results for moment in result[3]]
        joints = joint_names(self.dataset_meta, scores.shape[1])
        self.judged = JudgedJoints(scores, right, counted, joints, moments)
        confidence = np.clip(scores if self.mapping is None else self.mapping(scores), 0, 1)
        known, correct = confidence[counted], right[counted]
        nothing = not len(known)
        metrics = {
            'ECE': 100 * reliability(known, correct, self.bins).ece,
            'NLL': negative_log_likelihood(known, correct),
            'mean': float('nan') if nothing else 100 * float(known.mean()),
            'right': float('nan') if nothing else 100 * float(correct.mean()),
        }
        for index, joint in enumerate(joints if self.per_joint else ()):
            chosen = counted[:, index]
            found = reliability(confidence[chosen, index], right[chosen, index], self.bins)
            metrics[f'ECE/{joint}'] = 100 * found.ece
        return metrics
