"""PoseCons and PoseDual: an easy view teaches a hard one (Xie21, Sec. 3.3 and 4.2)."""
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor

from mmpose.registry import MODELS, TRANSFORMS

from ...geometry import affine
from ...geometry.heatmaps import peaks, response
from .base import SemiPoseEstimator, augmentation_seeds
from .networks import keep_statistics, predict_heatmaps, teacher_mode


class EasyHardConsistency(SemiPoseEstimator):
    """Shared by PoseCons and PoseDual, which differ in who teaches whom.

    For each unlabelled image the pipeline makes the easy view. Its hard view is a
    further known transform of it: hard augmentations at the joints that the student's
    teacher predicts, then one random affine map. The teacher's heatmaps of the easy
    view, taken through the same map, are the target; the gradient flows through the
    hard path only.

    Args:
        students (dict | list[dict]): See :class:`SemiPoseEstimator`.
        hard_view (dict): Affine map from the easy to the hard view: config of
            :class:`~mmpose_al.models.views.AffineViews`.
        hard_augments (Sequence[dict]): Applied to the easy image one after another
            before the map, e.g. ``[dict(type='JointCutout', num_joints=5)]`` ("JC 5").
        consistency (dict): Config of the loss; its weight is λ.
        detach (bool): Stop the gradient at the teacher. False is the naive form that
            collapses, kept for the study.
        teacher_statistics (str): ``'batch'`` (as in the authors' code): the teacher
            pass normalises by the easy images' own statistics, which are neither
            behind the weights nor a mixture with labelled and hard images;
            ``'running'``: as in evaluation. Buffers are left alone either way.
        hard_updates_statistics (bool): Whether hard images go into BatchNorm's running
            statistics. They do in the authors' code; but no one evaluates on covered
            and shrunk images, so by default labelled images alone do.
        data_preprocessor, train_cfg, test_cfg, init_cfg: See :class:`SemiPoseEstimator`.
    """

    def __init__(self,
                 students: Union[dict, Sequence[dict]],
                 hard_view: dict = dict(
                     type='AffineViews', rotation=60, scale=(0.5, 1.5)),
                 hard_augments: Sequence[dict] = (),
                 consistency: dict = dict(type='HeatmapConsistencyLoss'),
                 detach: bool = True,
                 teacher_statistics: str = 'batch',
                 hard_updates_statistics: bool = False,
                 data_preprocessor: Optional[dict] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 init_cfg: Optional[dict] = None):
        super().__init__(students, data_preprocessor, train_cfg, test_cfg, init_cfg)
        if teacher_statistics not in ('batch', 'running'):
            raise ValueError("teacher_statistics is 'batch' or 'running'; got "
                             f'{teacher_statistics!r}')
        self.hard_view = TRANSFORMS.build(hard_view)
        self.hard_augments = [TRANSFORMS.build(augment) for augment in hard_augments]
        self.consistency = MODELS.build(consistency)
        self.detach = detach
        self.teacher_statistics = teacher_statistics
        self.hard_updates_statistics = hard_updates_statistics

    def teacher_of(self, student: int) -> int:
        """Index of the network that teaches ``student``: the other, if there is one."""
        return len(self.students) - 1 - student

    def easy_heatmaps(self, images: Tensor) -> List[Tensor]:
        """Every network's heatmaps (B, K, h, w) of the easy view."""
        heatmaps = []
        for student in self.students:
            if self.detach:
                with torch.no_grad(), teacher_mode(student, self.teacher_statistics):
                    heatmaps.append(predict_heatmaps(student, images))
            else:
                heatmaps.append(predict_heatmaps(student, images))
        return heatmaps

    def hard_images(self, images: Tensor, heatmaps: Tensor, matrix: Tensor,
                    seeds: np.ndarray) -> Tensor:
        """The hard view (B, C, H, W) of easy images, by a teacher's heatmaps."""
        if self.hard_augments:
            factor = torch.as_tensor(self.scale_factor, device=images.device)
            keypoints = peaks(heatmaps.detach())[0] * factor.to(images)
            for augment in self.hard_augments:
                images = augment.augment(images, keypoints, seeds)
        return affine.warp(images, matrix)

    def hard_heatmaps(self, student: torch.nn.Module, images: Tensor) -> Tensor:
        """A student's heatmaps (B, K, h, w) of the hard view, with gradient."""
        if self.hard_updates_statistics:
            return predict_heatmaps(student, images)
        with keep_statistics(student):
            return predict_heatmaps(student, images)

    def unsupervised_loss(self, inputs: Tensor,
                          data_samples: Sequence) -> Dict[str, Tensor]:
        seeds = augmentation_seeds(data_samples)
        size = (inputs.shape[-1], inputs.shape[-2])
        matrix, flip = self.hard_view.sample(seeds, size, like=inputs)
        on_heatmap = affine.rescale(matrix, self.scale_factor)
        easy = self.easy_heatmaps(inputs)
        mask = affine.valid_mask(on_heatmap, (easy[0].shape[-1], easy[0].shape[-2]))
        losses, hard_responses = {}, []
        for index, student in enumerate(self.students):
            taught_by = easy[self.teacher_of(index)]
            target = affine.warp(taught_by, on_heatmap)
            if self.hard_view.flip_prob > 0:
                swapped = target[:, data_samples[0].metainfo['flip_indices']]
                target = torch.where(flip[:, None, None, None], swapped, target)
            images = self.hard_images(inputs, taught_by, matrix, seeds)
            hard = self.hard_heatmaps(student, images)
            losses[self._key('unsup', index, 'loss_kpt')] = self.consistency(
                hard.float(), target.float(), mask)
            hard_responses.append(response(hard))
        losses['response_easy'] = torch.stack([response(h) for h in easy]).mean()
        losses['response_hard'] = torch.stack(hard_responses).mean()
        return losses


@MODELS.register_module()
class PoseCons(EasyHardConsistency):
    """One network teaches itself, easy to hard (Xie21, Eq. 4, "Ours (Single)").

    ``L = L_sup + λ || f(I_h) - stopgrad(T_{e->h}(f(I_e))) ||^2``. See
    :class:`EasyHardConsistency` for the arguments; ``students`` is one config.
    """

    def __init__(self, students: Union[dict, Sequence[dict]], **kwargs):
        super().__init__(students, **kwargs)
        if len(self.students) != 1:
            raise ValueError(f'PoseCons has one student; got {len(self.students)}. '
                             'PoseDual has two')


@MODELS.register_module()
class PoseDual(EasyHardConsistency):
    """Two networks teach each other, easy to hard (Xie21, Eq. 7, "Ours (Dual)").

    Network θ's hard prediction is taught by ξ's easy one and the other way round, and
    each network's hard image is covered at its teacher's joints. See
    :class:`EasyHardConsistency` for the arguments; ``students`` is one config for two
    networks that differ in their initial weights only, or a list of two. Networks that
    differ must agree in the shape of their heatmaps.
    """

    def __init__(self, students: Union[dict, Sequence[dict]], **kwargs):
        if isinstance(students, dict):
            students = [students, students]
        super().__init__(students, **kwargs)
        if len(self.students) != 2:
            raise ValueError(f'PoseDual has two students; got {len(self.students)}')
