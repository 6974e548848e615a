"""An easy view teaches hard ones: PoseCons, PoseDual, MultiPathPose (Xie21; MultiAugs).

Flow of the unsupervised part: draw one map from the easy to the hard view -> a method
says what each student is taught there (:meth:`EasyHardEstimator.teach`) -> for every
hard path, cover and change the easy image, warp it -> compare the student's heatmaps.
"""

from contextlib import nullcontext
from typing import ContextManager, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmpose.registry import MODELS, TRANSFORMS
from torch import Tensor

from ...datasets.transforms.hard_augmentation import build_hard_path
from ...geometry import affine
from ...geometry.heatmaps import peaks, response
from ..passes import Passes
from ..views import View, carry, easy_view, swap_sides
from .base import SemiPoseEstimator, augmentation_seeds
from .keypoint_lessons import KeypointLesson, joint_number, keypoint_lesson, predict_keypoints
from .networks import (
    check_peak_is_one,
    keep_statistics,
    keep_statistics_in_backward,
    predict_heatmaps,
    teacher_mode,
)

_PATH_STEP = np.uint64(0x9E3779B97F4A7C15)


class Lesson(NamedTuple):
    """What one student is taught about a batch of unlabelled images.

    Attributes:
        target (Tensor): Heatmaps in the frame of the hard view, (B, K, h, w).
        mask (Tensor): 1 where the target is known, broadcastable.
        joints (Tensor): Where its teacher sees the joints, easy pixels, (B, K, 2).
        confidence (Tensor): The teacher's heatmap maxima, (B, K), in the order of the
            target's channels.
        weight (Tensor, optional): Of each joint in the loss, (B, K); 1 by default.
        response (Tensor, optional): The teacher's own maxima on the easy image, (B, K), where
            others have corrected what it is sure of; ``confidence`` by default.
    """

    target: Tensor
    mask: Tensor
    joints: Tensor
    confidence: Tensor
    weight: Optional[Tensor] = None
    response: Optional[Tensor] = None


class EasyHardEstimator(SemiPoseEstimator):
    """Students that learn on hard views of unlabelled images.

    For each unlabelled image the pipeline makes the easy view. A hard view is a further
    known transform of it: the augmentations of a path, one after another, then one
    affine map that all paths of an image share. The gradient flows through the hard
    views only.

    Args:
        students (dict | list[dict]): See :class:`SemiPoseEstimator`.
        hard_view (dict): Affine map from the easy to the hard view: config of
            :class:`~mmpose_al.models.views.AffineViews`, whose ``type`` may be left
            out.
        hard_augments (Sequence[dict]): The one hard path: applied to the easy image
            before the map, e.g. ``[dict(type='JointCutout', num_joints=5)]`` ("JC 5").
        hard_paths (Sequence[Sequence[dict]], optional): Several such lists instead;
            each student is run once on each path and the losses are summed.
        consistency (dict): Config of the loss,
            :class:`~mmpose_al.models.losses.HeatmapConsistencyLoss` or, for lessons in
            keypoints, :class:`~.keypoint_lessons.KeypointConsistencyLoss`, without a
            ``type``; its weight is λ.
        hard_updates_statistics (bool): Whether hard images go into BatchNorm's running
            statistics. They do in the authors' code; but no one evaluates on covered
            and shrunk images, so by default labelled images alone do.
        start (int, optional): Iteration of the run (MMEngine's message hub) from which
            unlabelled images take part; before it the students learn from the labels alone,
            and a step costs less. 0 in the papers. None: never.
        data_preprocessor, train_cfg, test_cfg, init_cfg, backbone, lesson: See
            :class:`SemiPoseEstimator`.

    Raises:
        ValueError: Both ``hard_augments`` and ``hard_paths``, or no path at all; an
            augmentation that does not work on a batch; a negative ``start``.
    """

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        hard_view: dict = dict(rotation=60, scale=(0.5, 1.5)),
        hard_augments: Sequence[dict] = (),
        hard_paths: Optional[Sequence[Sequence[dict]]] = None,
        consistency: dict = dict(loss_weight=1.0),
        hard_updates_statistics: bool = False,
        start: Optional[int] = 0,
        data_preprocessor: Optional[dict] = None,
        train_cfg: Optional[dict] = None,
        test_cfg: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
        backbone: Optional[dict] = None,
        lesson: Optional[str] = None,
    ):
        super().__init__(
            students, data_preprocessor, train_cfg, test_cfg, init_cfg, backbone, lesson
        )
        if hard_paths is None:
            hard_paths = [hard_augments]
        elif hard_augments:
            raise ValueError('give hard_augments for one path or hard_paths for several, not both')
        if not hard_paths:
            raise ValueError('hard_paths is empty; [[]] is one path without augmentations')
        self.hard_view = TRANSFORMS.build({'type': 'AffineViews', **hard_view})
        mean, std = (getattr(self.data_preprocessor, name, None) for name in ('mean', 'std'))
        self.hard_paths = [build_hard_path(path, mean, std) for path in hard_paths]
        self._consistency_config = dict(consistency)
        self.build_consistency()
        self.hard_updates_statistics = hard_updates_statistics
        if start is not None and start < 0:
            raise ValueError(f'start is an iteration, 0 or more; got {start}')
        self.start = start

    def build_consistency(self) -> None:
        """Build the loss of the kind of lesson."""
        config = self._consistency_config
        if self.lesson_kind == 'keypoints':
            for key in ('use_mask', 'foreground_weight'):
                if key in config:
                    raise ValueError(
                        f'consistency.{key} is about pixels of heatmaps, but the lessons are '
                        'keypoints; leave it out'
                    )
            self.consistency = MODELS.build({'type': 'KeypointConsistencyLoss', **config})
            return
        self.consistency = MODELS.build({'type': 'HeatmapConsistencyLoss', **config})
        for key in ('min_confidence', 'foreground_weight'):
            if config.get(key):
                check_peak_is_one(self.students[0], f'consistency.{key}')

    def teach(
        self,
        images: Tensor,
        data_samples: Sequence,
        hard: View,
        seeds: np.ndarray,
        flip_indices: Sequence[int],
    ) -> List[Union[Lesson, KeypointLesson]]:
        """What each student is taught; what a method adds.

        Args:
            images (Tensor): Easy views, (B, C, H, W).
            data_samples (Sequence): Their samples, for methods that need more than images.
            hard (View): The view on which the loss is taken.
            seeds (np.ndarray): One integer an image.
            flip_indices (Sequence[int]): The channel of each joint's mirror image.

        Returns:
            list: One for each student, a :class:`Lesson`, or a
            :class:`~.keypoint_lessons.KeypointLesson` where :attr:`lesson_kind` says so.
        """
        raise NotImplementedError

    def teacher_passes(self) -> Passes:
        """Of one unlabelled image in :meth:`teach`; what a method says."""
        raise NotImplementedError(f'{type(self).__name__} does not say the passes of its teach')

    def unsupervised_passes(self) -> Passes:
        """Those of :meth:`teach`, and one of each student on each hard path."""
        teachers, hard = self.teacher_passes(), len(self.students) * len(self.hard_paths)
        return teachers._replace(with_gradient=teachers.with_gradient + hard)

    def lesson(
        self, heatmaps: Tensor, hard: View, flip_indices: Sequence[int], view: Optional[View] = None
    ) -> Lesson:
        """The lesson of a teacher that looked at one view (the easy one by default)."""
        easy = easy_view(len(heatmaps), heatmaps)
        target, mask = carry(
            heatmaps, view or easy, hard, self.scale_factor, flip_indices, self.heatmap_offset
        )
        positions, confidence = peaks(heatmaps.detach())
        factor = torch.as_tensor(self.scale_factor, device=heatmaps.device)
        joints = (positions + self.heatmap_offset) * factor.to(positions)
        if view is not None:
            joints = affine.transform_points(affine.invert(view.matrix).to(joints), joints)
        mirrored = (view or easy).flip ^ hard.flip  # then the target's left is the joints' right
        return Lesson(target, mask, joints, swap_sides(confidence, mirrored, flip_indices))

    def hard_images(
        self, images: Tensor, joints: Tensor, hard: View, path: int, seeds: np.ndarray
    ) -> Tensor:
        """The hard view (B, C, H, W) that a path makes of easy images."""
        with np.errstate(over='ignore'):
            seeds = np.asarray(seeds, np.uint64) + np.uint64(path) * _PATH_STEP
        kinds = []
        for augment in self.hard_paths[path]:
            repeat = kinds.count(type(augment))  # else two would draw the same
            places = joints if augment.uses_keypoints else None
            images = augment.augment(images, places, seeds ^ np.uint64(repeat << 32))
            kinds.append(type(augment))
        return affine.warp(images, hard.matrix)

    def _statistics_of(self, student: torch.nn.Module) -> ContextManager:
        """Inside, hard images go into BatchNorm's running statistics, or do not."""
        return nullcontext() if self.hard_updates_statistics else keep_statistics(student)

    def hard_heatmaps(self, student: torch.nn.Module, images: Tensor) -> Tensor:
        """A student's heatmaps (B, K, h, w) of the hard view, with gradient."""
        with self._statistics_of(student):
            return predict_heatmaps(student, images)

    def hard_loss(self, student: torch.nn.Module, images: Tensor, lesson) -> Tuple[Tensor, Tensor]:
        """A student's loss on hard images, and its mean response there."""
        if self.lesson_kind == 'keypoints':
            with self._statistics_of(student):
                return self.consistency(student, images, lesson)
        heatmaps = self.hard_heatmaps(student, images)
        loss = self.consistency(
            heatmaps, lesson.target, lesson.mask, lesson.confidence, lesson.weight
        )
        return loss, response(heatmaps)

    def unsupervised_loss(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """Consistency losses of every student, summed over the hard paths; none before
        the iteration ``start``."""
        flip_indices = self._flip_indices(data_samples)
        if not self.started:
            return {}
        seeds = augmentation_seeds(data_samples)
        hard = self.hard_view.sample(seeds, (inputs.shape[-1], inputs.shape[-2]), like=inputs)
        lessons = self.teach(inputs, data_samples, hard, seeds, flip_indices)
        losses, responses = {}, []
        for index, (student, lesson) in enumerate(zip(self.students, lessons)):
            loss = 0
            for path in range(len(self.hard_paths)):
                images = self.hard_images(inputs, lesson.joints, hard, path, seeds)
                part, seen = self.hard_loss(student, images, lesson)
                loss = loss + part
                responses.append(seen)
            if loss.requires_grad and not self.hard_updates_statistics:
                keep_statistics_in_backward(student, loss)
            losses[self._key('unsup', index, 'loss_kpt')] = loss
        easy = [each.confidence if each.response is None else each.response for each in lessons]
        losses['response_easy'] = torch.stack([each.mean() for each in easy]).mean()
        losses['response_hard'] = torch.stack(responses).mean()
        weights = [lesson.weight for lesson in lessons if lesson.weight is not None]
        if weights:
            losses['taught'] = torch.stack([weight.mean() for weight in weights]).mean()
        return losses

    def _flip_indices(self, data_samples: Sequence) -> Sequence[int]:
        """The channel of each joint's mirror image, as the data set has it."""
        found = data_samples[0].metainfo.get('flip_indices')
        joints = joint_number(self.students[0])
        if found is not None:
            if len(found) != joints:
                raise ValueError(
                    f'the students predict {joints} joints, but flip_indices of '
                    f'{data_samples[0].metainfo.get("img_path")!r} are {len(found)}; give the '
                    'heads out_channels or the data set metainfo of the same joints'
                )
            return found
        mirrored = [name for name, view in vars(self).items() if getattr(view, 'flip_prob', 0) > 0]
        if mirrored:
            raise ValueError(
                f'{type(self).__name__}.{mirrored[0]} mirrors images, but the samples do '
                "not say which joints are left and right; add 'flip_indices' to "
                'meta_keys of PackPoseInputs'
            )
        return range(joints)


class TeachingStudents(EasyHardEstimator):
    """Networks in training teach one another; one alone teaches itself.

    Args:
        students (dict | list[dict]): One network or two.
        teacher_statistics (str): ``'batch'`` (as in the authors' code): the teacher
            pass normalises by the easy images' own statistics, which are neither
            behind the weights nor a mixture with labelled and hard images;
            ``'running'``: as in evaluation. Buffers are left alone either way.
        kwargs: See :class:`EasyHardEstimator`.
    """

    num_students = (1, 2)

    def __init__(
        self, students: Union[dict, Sequence[dict]], teacher_statistics: str = 'batch', **kwargs
    ):
        super().__init__(students, **kwargs)
        if teacher_statistics not in ('batch', 'running'):
            raise ValueError(
                f"teacher_statistics is 'batch' or 'running'; got {teacher_statistics!r}"
            )
        self.teacher_statistics = teacher_statistics

    def teacher_of(self, student: int) -> int:
        """Index of the network that teaches ``student``: the other, if there is one."""
        return len(self.students) - 1 - student

    def teacher_heatmaps(self, teacher: int, images: Tensor) -> Tensor:
        """A student's heatmaps (B, K, h, w) in its role as a teacher, without gradient."""
        student = self.students[teacher]
        with torch.no_grad(), teacher_mode(student, self.teacher_statistics):
            heatmaps = predict_heatmaps(student, images)
        # Else weights that autocast rounded here would pass on no gradient later.
        torch.clear_autocast_cache()
        return heatmaps

    def teacher_keypoints(self, teacher: int, images: Tensor) -> Tuple[Tensor, Tensor]:
        """As :meth:`teacher_heatmaps`: places (B, K, 2) in pixels and confidence (B, K)."""
        student = self.students[teacher]
        with torch.no_grad(), teacher_mode(student, self.teacher_statistics):
            found = predict_keypoints(student, images)
        torch.clear_autocast_cache()
        return found

    def teacher_passes(self) -> Passes:
        """Each student looks at each image once."""
        return Passes(len(self.students), 0)


class EasyToHard(TeachingStudents):
    """What a teacher says of one view is taken along to the hard one (Xie21).

    Args:
        students (dict | list[dict]): One network or two.
        easy_view (dict, optional): A further map of the image that the teacher sees,
            config of ``AffineViews``. The pipeline's easy view by default; others are
            for the study of collapse (Xie21, Fig. 8 D).
        detach (bool): Stop the gradient at the teacher. False is the naive form that
            collapses, kept for the study.
        kwargs: See :class:`TeachingStudents` and :class:`EasyHardEstimator`.
    """

    lessons = ('heatmaps', 'keypoints')

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        easy_view: Optional[dict] = None,
        detach: bool = True,
        **kwargs,
    ):
        super().__init__(students, **kwargs)
        self.easy_view = (
            None if easy_view is None else TRANSFORMS.build({'type': 'AffineViews', **easy_view})
        )
        self.detach = detach
        if not detach and self.lesson_kind == 'keypoints':
            raise ValueError(
                'detach=False lets the gradient into the teacher, but decoded keypoints have none; '
                "it goes with lesson='heatmaps'"
            )

    def teacher_heatmaps(self, teacher: int, images: Tensor) -> Tensor:
        """See :meth:`TeachingStudents.teacher_heatmaps`; with gradient unless detached."""
        if not self.detach:
            return predict_heatmaps(self.students[teacher], images)
        return super().teacher_heatmaps(teacher, images)

    def teacher_passes(self) -> Passes:
        passes = super().teacher_passes()
        return passes if self.detach else Passes(0, passes.without_gradient)

    def teach(self, images, data_samples, hard, seeds, flip_indices):
        view = None
        if self.easy_view is not None:
            view = self.easy_view.sample(
                seeds, (images.shape[-1], images.shape[-2]), images, stream='easy'
            )
            images = affine.warp(images, view.matrix)
        if self.lesson_kind == 'keypoints':
            lessons = [
                keypoint_lesson(*self.teacher_keypoints(teacher, images), hard, flip_indices, view)
                for teacher in range(len(self.students))
            ]
        else:
            lessons = [
                self.lesson(self.teacher_heatmaps(teacher, images), hard, flip_indices, view)
                for teacher in range(len(self.students))
            ]
        return [lessons[self.teacher_of(i)] for i in range(len(self.students))]


@MODELS.register_module()
class PoseCons(EasyToHard):
    """One network teaches itself, easy to hard (Xie21, Eq. 4, "Ours (Single)").

    ``L = L_sup + λ || f(I_h) - stopgrad(T_{e->h}(f(I_e))) ||^2``. See
    :class:`EasyToHard` and :class:`EasyHardEstimator` for the arguments;
    ``students`` is one config.
    """

    num_students = (1,)


@MODELS.register_module()
class PoseDual(EasyToHard):
    """Two networks teach each other, easy to hard (Xie21, Eq. 7, "Ours (Dual)").

    Network θ's hard prediction is taught by ξ's easy one and the other way round, and
    each network's hard image is covered at its teacher's joints. See
    :class:`EasyToHard` and :class:`EasyHardEstimator` for the arguments;
    ``students`` is one config for two networks that differ in their initial weights
    only, or a list of two. Networks whose heatmaps differ, or that have none, teach each
    other in keypoints.
    """

    num_students = (2,)


@MODELS.register_module()
class MultiPathPose(EasyToHard):
    """One easy view teaches several hard ones (MultiAugs; Zhou et al., 2402.11566).

    PoseCons (``students`` is one config) or PoseDual (a list of two) with two hard
    paths by default: JOCO (joint cut-occlude, then cutout) and JCCM (joint cutout, then
    cutmix). Any other paths are a matter of ``hard_paths``. See
    :class:`EasyToHard` and :class:`EasyHardEstimator` for the arguments.
    """

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        hard_paths: Sequence[Sequence[dict]] = (
            (dict(type='JointCutOcclude'), dict(type='RandomCutout')),
            (dict(type='JointCutout'), dict(type='RandomCutMix')),
        ),
        **kwargs,
    ):
        super().__init__(students, hard_paths=hard_paths, **kwargs)
