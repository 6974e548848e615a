"""Looks at a model and its training data before the first step."""

import re
from typing import Callable, Dict, Mapping, Optional

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import is_model_wrapper
from mmpose.codecs import AssociativeEmbedding, Hand3DHeatmap
from mmpose.datasets.transforms import KeypointConverter
from mmpose.models.heads import (
    CPMHead,
    DSNTHead,
    HeatmapHead,
    IntegralRegressionHead,
    MSPNHead,
    RegressionHead,
    RLEHead,
    RTMCCHead,
    SimCCHead,
    ViPNASHead,
)
from mmpose.registry import HOOKS

from mmpose_al.datasets.checks import check_joint_names, describe, leaves
from mmpose_al.datasets.labeled_unlabeled import LabeledUnlabeledDataset
from mmpose_al.datasets.multiview import MultiViewCocoDataset
from mmpose_al.datasets.samplers import LabeledGroupSampler, LabeledUnlabeledSampler
from mmpose_al.datasets.transforms.keypoint_mapping import check_flips, joint_names
from mmpose_al.evaluation.per_student import PerStudentMetric
from mmpose_al.models.heads import Heatmap2p5DHead
from mmpose_al.models.pose3d import WeaklySupervisedPose3D
from mmpose_al.models.semi.base import UNLABELED_LINES, SemiPoseEstimator
from mmpose_al.models.semi.multi_view import CorrectedByCameras

from ..optimizers import check_constructor
from .exact_resume import sampler_of


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Stops a training before its first step where model and data do not fit.

    - A semi-supervised estimator needs unlabelled samples in its batches.
    - Groups of views are as large as a model of several cameras takes them, and enough of them
      have as many views as have to agree.
    - The head predicts as many joints as the data set has.
    - The joints that a COCO file names are those of its data set's metainfo, and mirroring
      exchanges them in pairs.
    - Joints that are labelled and boxes are finite numbers in data sets of MMPose. Those of this
      package look themselves.
    - What ``save_best`` of the CheckpointHook names is of a metric that the run evaluates.

    It looks once, and opens no image.

    Raises:
        ValueError: Says what does not fit, and the lines of the config that would.
    """

    priority = 'HIGH'

    def before_train(self, runner) -> None:
        """See MMEngine's Hook."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        loader = runner.train_loop.dataloader
        check_unlabeled(model, loader)
        check_constructor(getattr(runner, 'cfg', {}).get('optim_wrapper'), model)
        check_groups(model, loader, runner.logger.warning)
        warn_of_late_start(model, runner)
        check_head(model, loader.dataset)
        check_metainfo(loader.dataset, runner.logger.warning)
        check_numbers(loader.dataset)
        check_best(runner)


def check_unlabeled(model, loader) -> None:
    """Raise ValueError where a semi-supervised estimator would see no unlabelled sample.

    Data sets and samplers of others are not judged; there the estimator itself counts.

    Args:
        model (nn.Module): The estimator.
        loader (DataLoader): Of the training.
    """
    if not isinstance(model, SemiPoseEstimator) or model.start is None:
        return
    name, dataset, sampler = type(model).__name__, loader.dataset, sampler_of(loader)
    if isinstance(dataset, LabeledUnlabeledDataset) and not dataset.num_unlabeled:
        raise ValueError(
            f'{name} learns from labelled and unlabelled images, but '
            'train_dataloader.dataset has no `unlabeled` source. ' + UNLABELED_LINES
        )
    if not isinstance(sampler, LabeledUnlabeledSampler):
        return
    if not any(sampler.counts[sampler.num_labeled_streams :]):
        raise ValueError(
            f'{name} learns from labelled and unlabelled images, but '
            f'train_dataloader.sampler puts {sampler.num_unlabeled} unlabelled ones into a '
            'batch; leave num_unlabeled out and half of a batch is unlabelled'
        )


def check_groups(model, loader, say: Callable[[str], None]) -> None:
    """Raise ValueError where groups of views are not what a model of several cameras compares.

    Groups in which too few cameras could agree teach nothing; those are told.
    """
    sampler = sampler_of(loader)
    if not isinstance(model, (CorrectedByCameras, WeaklySupervisedPose3D)) or not isinstance(
        sampler, LabeledGroupSampler
    ):
        return
    name = type(model).__name__
    if sampler.num_views != model.num_views:
        raise ValueError(
            f'{name} takes groups of {model.num_views} views (model.num_views), but '
            f'train_dataloader.sampler makes groups of {sampler.num_views}; give both one num_views'
        )
    least = getattr(model, 'min_inliers', 2)
    sizes = np.array([len(group) for group in sampler.groups])
    few = int((sizes < least).sum())
    if few == len(sizes):
        raise ValueError(
            f'{name}: min_inliers={least} views have to agree, but no person of the unlabelled '
            f'images is in more than {sizes.max()} views of a frame, so the cameras would teach '
            f'nothing; set model.min_inliers={sizes.max()}, or give the other views'
        )
    if few:
        say(
            f'DataCheckHook: {few} of {len(sizes)} groups of views have fewer than '
            f'min_inliers={least}, so the cameras correct nothing there; the smallest has '
            f'{sizes.min()}'
        )


def check_head(model, dataset) -> None:
    """Raise ValueError where a head predicts another number of joints than the data has.

    Heads that are not known here are not judged.
    """
    joints = joints_of(dataset)
    for network in getattr(model, 'students', None) or [getattr(model, 'network', model)]:
        head = getattr(network, 'head', None)
        predicted = joints_of_head(head)
        if joints is None or predicted in (None, joints):
            continue
        raise ValueError(
            f'the head {type(head).__name__} of {type(network).__name__} predicts {predicted} '
            f'joints, but {describe(dataset)} of train_dataloader has {joints}: '
            f'{", ".join(joint_names(dataset.metainfo))}. Give the head '
            f'{"num_joints" if hasattr(head, "num_joints") else "out_channels"}={joints}, or the '
            'data set the metainfo of the joints that the head is for'
        )


def joints_of_head(head) -> Optional[int]:
    """How many joints a head predicts; None if that is not known."""
    if isinstance(head, (RegressionHead, RLEHead, DSNTHead, IntegralRegressionHead)):
        return head.num_joints
    if isinstance(head, Heatmap2p5DHead):
        return head.num_joints
    codec = getattr(head, 'decoder', None)
    if isinstance(codec, (AssociativeEmbedding, Hand3DHeatmap)):
        return None
    if getattr(codec, 'heatmap_type', 'gaussian') != 'gaussian':
        return None  # offsets beside the heatmaps
    if isinstance(head, (HeatmapHead, CPMHead, MSPNHead, ViPNASHead, SimCCHead, RTMCCHead)):
        return getattr(head, 'out_channels', None)
    return None


def joints_of(dataset) -> Optional[int]:
    """How many joints the samples of a data set have after its pipeline."""
    metainfo = getattr(dataset, 'metainfo', None) or {}
    joints = metainfo.get('num_keypoints')
    inner = dataset
    while not hasattr(inner, 'pipeline') and hasattr(inner, 'dataset'):
        inner = inner.dataset
    for transform in getattr(getattr(inner, 'pipeline', None), 'transforms', []):
        if isinstance(transform, KeypointConverter):
            joints = transform.num_keypoints
    return joints


def check_metainfo(dataset, say: Callable[[str], None]) -> None:
    """Raise ValueError where a COCO file and the metainfo of its data set name other joints.

    Data sets of this package look themselves.
    """
    for leaf in leaves(getattr(dataset, 'datasets', None) or [dataset]):
        if isinstance(leaf, MultiViewCocoDataset) or not getattr(leaf, 'metainfo', None):
            continue
        name = describe(leaf)
        check_flips(leaf.metainfo, name)
        # MMPose keeps the categories of a COCO file there.
        classes = leaf.metainfo.get('CLASSES') or []
        named = [c for c in classes if isinstance(c, dict) and c.get('keypoints')]
        if len(named) != 1:
            continue  # nobody knows which category's joints the samples have
        where = f'{name}: category {named[0].get("name")!r}'
        said = check_joint_names(named[0]['keypoints'], leaf.metainfo, where)
        if said:
            say(f'DataCheckHook: {said}')


def check_numbers(dataset) -> None:
    """Raise ValueError where a data set of MMPose has joints or boxes that are no places.

    MMPose leaves out boxes without an area, but trains on NaN: such a joint makes a heatmap of
    NaN or none, such a box an image of one colour.
    """
    for leaf in leaves(getattr(dataset, 'datasets', None) or [dataset]):
        if isinstance(leaf, MultiViewCocoDataset) or not isinstance(leaf, BaseDataset):
            continue
        bad: Dict[str, list] = {}
        for index in range(len(leaf)):
            # BaseDataset's: the pose data sets' copies the metainfo every time.
            info = BaseDataset.get_data_info(leaf, index)
            what = fault_of(info)
            if what:
                bad.setdefault(what, []).append(info.get('id', index))
        if bad:
            found = '; '.join(
                f'{len(ids)} with {what}, first ids {ids[:5]}' for what, ids in bad.items()
            )
            raise ValueError(
                f'{describe(leaf)}: of {len(leaf)} samples {found}. Correct the file, set joints '
                "that nobody knows to v = 0, or read it with MultiViewCocoDataset(on_bad='skip'), "
                'which leaves bad annotations out and counts them'
            )


def fault_of(info: Mapping) -> str:
    """What is wrong with a sample's joints or box; nothing where they are places."""
    keypoints = np.asarray(info.get('keypoints', ()), float)
    if keypoints.ndim == 3 and 'keypoints_visible' in info:
        visible = np.asarray(info['keypoints_visible'], float)
        visible = visible[..., 0] if visible.ndim == 3 else visible
        if not np.isfinite(visible).all() or not np.isfinite(keypoints[visible > 0]).all():
            return 'labelled joints that are not finite'
    if not np.isfinite(np.asarray(info.get('bbox', ()), float)).all():
        return 'a box that is not finite'
    return ''


def check_best(runner) -> None:
    """Raise ValueError where ``save_best`` names a metric of none of the evaluators.

    MMEngine fails on it after the first evaluation. Names are known by their prefix (``coco/``,
    ``pck/``). Evaluators and metrics that make their names otherwise are not judged.
    """
    if runner.val_loop is None or type(runner.val_evaluator) is not Evaluator:
        return
    metrics = [
        metric.inner['ensemble'] if isinstance(metric, PerStudentMetric) else metric
        for metric in runner.val_evaluator.metrics
    ]
    if any(type(metric).evaluate is not BaseMetric.evaluate for metric in metrics):
        return
    prefixes = {metric.prefix or '' for metric in metrics}
    for hook in runner.hooks:
        for key in getattr(hook, 'key_indicators', []) if isinstance(hook, CheckpointHook) else []:
            plain = re.sub(r'^(student\d+|mean|ensemble)/', '', key)
            prefix = plain.split('/')[0] if '/' in plain else ''
            if key != 'auto' and prefix not in prefixes:
                names = ', '.join(type(metric).__name__ for metric in metrics)
                raise ValueError(
                    f'default_hooks.checkpoint.save_best is {key!r}, but no metric of '
                    f'val_evaluator ({names}) reports a name that begins with '
                    f'{sorted(prefixes - {""}) or "that"}; take a name that an evaluation prints'
                )


def warn_of_late_start(model, runner) -> None:
    """Say it where a run ends before its unlabelled images take part."""
    start, last = getattr(model, 'start', 0), runner.max_iters
    if isinstance(model, SemiPoseEstimator) and start is not None and start >= last:
        runner.logger.warning(
            f'DataCheckHook: {type(model).__name__} learns from labels alone in this run: '
            f'unlabelled images take part from iteration {start} (model.start) on, and the run '
            f'has {last}.'
        )
