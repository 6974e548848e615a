"""Errors of 3D poses relative to their root: MPJPE and PCK with their variants."""

from typing import Dict, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from ..geometry.alignment import apply_similarity, best_scale, procrustes
from .functional import breakdown, describe, indices_of, joint_names, to_numpy

UNITS = {'mm': 1.0, 'm': 1000.0}
NUM_RADII = 31  # 0, 5, ..., 150 mm, as in the test code of MPI-INF-3DHP


@METRICS.register_module()
class PCK3D(BaseMetric):
    """MPJPE, N-MPJPE, P-MPJPE in mm and PCK, N-PCK, AUC, N-AUC in percent, in one pass.

    Both poses are moved so that their roots are at the origin. N- also scales the
    prediction by the factor that fits best; P- turns, moves and scales it (Procrustes,
    never mirrored). PCK is the share of joints nearer than ``threshold``; AUC is its
    mean over 31 radii from 0 to there. Below the first of them is nothing, so that AUC
    reaches 96.8 at most. Means run over all known joints of all poses.

    A sample's prediction is ``pred_instances.keypoints_3d``, or else ``keypoints``
    where these have three coordinates, as MMPose's 3D models give them: (N, K, 3) in
    camera coordinates (or already relative to the root). Its truth is
    ``gt_instances.lifting_target`` with ``lifting_target_visible``, as in MMPose, or
    else the metainfo ``pose_3d`` and ``camera`` of :class:`MultiViewCocoDataset`, in
    mm. Predicted joints that are not finite are left out of the MPJPEs and missed in
    PCK and AUC; their share is ``failed``, in percent.

    Why not MMPose's (1.3.2): ``keypoint_mpjpe`` aligns with the joints that its mask
    excludes too, so an unknown joint, written as zeros, spoils N- and P-MPJPE of the
    others. Where all joints are known it gives the same numbers (tested; its
    Procrustes does not mirror), in whatever unit the data have. The class ``MPJPE``
    over it does not align the roots, reads the action from file names like those of
    Human3.6M only, and its docstring has ``n-mpjpe`` and ``p-mpjpe`` the wrong way
    round. It has no 3D PCK or AUC.

    Source: Ionescu et al. 2014 (MPJPE), Rhodin et al. 2018 (N-), Mehta et al. 2017
    (PCK, AUC), Iqbal et al. 2020 (N-PCK).

    Args:
        root (str | Sequence[str], optional): The root joint, or several, whose mean is
            the root, such as both hips. None: the poses are taken as they are.
        joints (Sequence[str], optional): Joints that are aligned and count, such as
            the 14 of MPI-INF-3DHP; None: all. The root need not be among them.
        threshold (float): Radius of PCK, in mm.
        unit (str): ``'mm'`` or ``'m'``, of the predictions and ``lifting_target``.
        per_joint, per_action (bool): Report ``.../joint/{joint}``,
            ``.../action/{action}`` (metainfo ``action``) as well.
        prefix (str, optional): Before the names in the log.

    Raises:
        ValueError: Joints that the data set lacks, samples without 3D pose or truth.
    """

    default_prefix = 'pose3d'

    def __init__(
        self,
        root: Union[str, Sequence[str], None] = 'root',
        joints: Optional[Sequence[str]] = None,
        threshold: float = 150.0,
        unit: str = 'mm',
        per_joint: bool = False,
        per_action: bool = False,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        if unit not in UNITS:
            raise ValueError(f'PCK3D: unit is {unit!r}; it is "mm" or "m"')
        self.root = [root] if isinstance(root, str) else root
        self.joints, self.threshold, self.unit = joints, threshold, unit
        self.per_joint, self.per_action = per_joint, per_action

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep predictions and truth of one batch."""
        for sample in data_samples:
            predicted = predicted_pose(sample) * UNITS[self.unit]
            truth, known = true_pose(sample, UNITS[self.unit])
            if predicted.shape != truth.shape:
                raise ValueError(
                    f'PCK3D: {describe(sample)}: poses of shape '
                    f'{predicted.shape} are predicted, {truth.shape} true'
                )
            self.results.append((predicted, truth, known, sample.get('action')))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """The values, see the class."""
        predicted, truth, known = (np.concatenate(part) for part in list(zip(*results))[:3])
        actions = [result[3] for result in results for _ in range(len(result[0]))]
        names = (
            joint_names(self.dataset_meta, truth.shape[1])
            if self.root or self.joints or self.per_joint
            else []
        )
        if self.root is not None:
            root = indices_of(names, self.root, 'PCK3D')
            predicted = predicted - predicted[:, root].mean(1, keepdims=True)
            truth = truth - truth[:, root].mean(1, keepdims=True)
            known = known & known[:, root].all(1, keepdims=True)
        if self.joints is not None:
            chosen = indices_of(names, self.joints, 'PCK3D')
            predicted, truth, known = (part[:, chosen] for part in (predicted, truth, known))
            names = [names[index] for index in chosen]
        rows = known.any(1)
        if not rows.all():
            print_log(
                f'PCK3D: {(~rows).sum()} of {len(rows)} poses have no '
                'known joint or no known root and do not count',
                'current',
            )
        if not rows.any():
            raise ValueError(
                f'PCK3D: no pose has a known joint and a known root; root is {self.root}'
            )
        actions = [action for action, row in zip(actions, rows) if row]
        predicted, truth, known = predicted[rows], truth[rows], known[rows]

        failed = ~np.isfinite(predicted).all(-1)
        found = known & ~failed
        by = dict(
            joints=names if self.per_joint else None, actions=actions if self.per_action else None
        )
        errors = pose_errors(predicted, truth, found)
        metrics = {}
        for prefix in ('', 'N-', 'P-'):
            metrics.update(breakdown(f'{prefix}MPJPE', errors[f'{prefix}MPJPE'], found, **by))
        radii = np.linspace(0, self.threshold, NUM_RADII)
        for prefix in ('', 'N-'):
            distance = np.where(found, errors[f'{prefix}MPJPE'], np.inf)
            metrics.update(
                breakdown(f'{prefix}PCK', 100.0 * (distance < self.threshold), known, **by)
            )
            metrics.update(
                breakdown(f'{prefix}AUC', 100.0 * area_under_curve(distance, radii), known, **by)
            )
        metrics['failed'] = 100.0 * float(failed[known].mean())
        return metrics


# -----------------------------------------------------------------------------------


def predicted_pose(sample: dict) -> np.ndarray:
    """Predicted poses (N, K, 3) of a sample, in its own unit."""
    instances = sample['pred_instances']
    pose = instances.get('keypoints_3d')
    pose = to_numpy(instances['keypoints'] if pose is None else pose)
    if pose.ndim == 4:  # MMPose's lifters: one instance of N frames
        pose = pose[0]
    if pose.ndim != 3 or pose.shape[-1] != 3:
        raise ValueError(
            f'PCK3D: {describe(sample)} has predictions of shape {pose.shape}; '
            'it needs pred_instances.keypoints_3d (or keypoints) of shape (N, K, 3)'
        )
    return pose


def true_pose(sample: dict, unit: float = 1.0) -> Tuple[np.ndarray, np.ndarray]:
    """True poses (N, K, 3) of a sample in mm, and which joints are known (N, K).

    Args:
        sample (dict): A ``PoseDataSample`` as a dict.
        unit (float): mm in the unit of ``lifting_target``.
    """
    truth = sample.get('gt_instances', {})
    if truth.get('lifting_target') is not None:
        pose = to_numpy(truth['lifting_target'])
        pose = pose[0] if pose.ndim == 4 else pose
        visible = truth.get('lifting_target_visible')
        known = (
            np.ones(pose.shape[:2], bool)
            if visible is None
            else to_numpy(visible).reshape(pose.shape[:2]) > 0
        )
        return pose * unit, known
    if sample.get('pose_3d') is None or sample.get('camera') is None:
        raise ValueError(
            f'PCK3D: {describe(sample)} has no 3D truth. It needs '
            'gt_instances.lifting_target, or a camera and poses_3d, read by '
            'MultiViewCocoDataset'
        )
    pose, camera = to_numpy(sample['pose_3d']), sample['camera']
    in_camera = pose[:, :3] @ to_numpy(camera['R']).T + to_numpy(camera['t'])
    return in_camera[None], pose[None, :, 3] > 0


def pose_errors(
    predicted: np.ndarray, truth: np.ndarray, counted: np.ndarray
) -> Dict[str, np.ndarray]:
    """Distances of poses as they are, after scaling and after Procrustes.

    Args:
        predicted, truth (np.ndarray): (N, K, 3). For N-MPJPE, relative to the root.
        counted (np.ndarray): (N, K) bool, joints that are aligned; these are finite.

    Returns:
        dict: ``MPJPE``, ``N-MPJPE``, ``P-MPJPE`` -> (N, K), for what is not finite NaN.
    """
    source, target = torch.from_numpy(predicted), torch.from_numpy(truth)
    weights = torch.from_numpy(counted.astype(np.float64))
    scale = best_scale(source, target, weights)
    turned = apply_similarity(source, *procrustes(source, target, weights, scale=True))
    poses = {'MPJPE': source, 'N-MPJPE': source * scale[:, None, None], 'P-MPJPE': turned}
    return {name: (pose - target).norm(dim=-1).numpy() for name, pose in poses.items()}


def area_under_curve(distance: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Share of the radii that each distance is below; the same shape as distance."""
    return 1.0 - np.searchsorted(radii, distance, side='right') / len(radii)
