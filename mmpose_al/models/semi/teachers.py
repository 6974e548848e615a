"""A network that is not in training teaches: PseudoPose, DataDistill, MeanTeacherPose.

The teacher runs as in evaluation (BatchNorm's running statistics, no gradient).
"""

import copy
from typing import List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import PretrainedInit
from mmpose.registry import MODELS, TRANSFORMS
from torch import Tensor

from ...geometry import affine
from ...geometry.heatmaps import gaussians, response, subpixel_peaks
from ..passes import Passes
from ..views import carry, carry_keypoints, easy_view, shows, swap_sides
from .consistency import EasyHardEstimator, Lesson
from .keypoint_lessons import keypoint_lesson, predict_keypoints
from .networks import check_peak_is_one, codec_sigma, predict_heatmaps
from .pseudo_keypoints import aggregate_keypoints


class TaughtStudent(EasyHardEstimator):
    """One student and a teacher beside it that receives no gradient.

    A subclass calls :meth:`add_teacher`. See :class:`EasyHardEstimator` for the arguments.
    """

    num_students = (1,)
    lessons = ('heatmaps', 'keypoints')

    def add_teacher(self, config: Union[dict, Sequence[dict]]) -> None:
        """Build the teacher.

        Args:
            config (dict | list[dict]): Of an MMPose estimator, or the only one in a list.

        Raises:
            ValueError: It and the student cannot understand each other.
        """
        config = copy.deepcopy(dict(config if isinstance(config, dict) else config[0]))
        config.pop('data_preprocessor', None)
        self.teacher = MODELS.build(config)
        self.lesson_kind = self.common_lesson(
            [self.students[0], self.teacher], ['the student', 'the teacher'], [True, False]
        )
        self.build_consistency()
        self.teacher.requires_grad_(False)
        self.teacher.eval()

    def must_differ(self):
        """The student and its teacher. See :meth:`SemiPoseEstimator.must_differ`."""
        return {**super().must_differ(), 'the teacher': self.teacher}

    def train(self, mode: bool = True):
        """Training mode for all but the teacher."""
        super().train(mode)
        self.teacher.eval()
        return self

    @torch.no_grad()
    def teacher_heatmaps(self, images: Tensor) -> Tensor:
        """The teacher's heatmaps (B, K, h, w)."""
        return predict_heatmaps(self.teacher, images)

    def teacher_passes(self) -> Passes:
        return Passes(1, 0)

    def teach(self, images, data_samples, hard, seeds, flip_indices) -> List[Lesson]:
        if self.lesson_kind == 'keypoints':
            return [keypoint_lesson(*predict_keypoints(self.teacher, images), hard, flip_indices)]
        return [self.lesson(self.teacher_heatmaps(images), hard, flip_indices)]


@MODELS.register_module()
class PseudoPose(TaughtStudent):
    """A teacher trained on the labels alone, then frozen (Xie21, Eq. 8).

    Its heatmaps of the easy view, taken along, are the targets of the hard view.

    Args:
        students (dict): The student, config of an MMPose estimator.
        teacher (dict, optional): The teacher's config; the student's by default.
        teacher_checkpoint (str, optional): The trained teacher: a checkpoint of the
            supervised config. Needed for training.
        kwargs: See :class:`EasyHardEstimator`.
    """

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        teacher: Optional[dict] = None,
        teacher_checkpoint: Optional[str] = None,
        **kwargs,
    ):
        super().__init__(students, **kwargs)
        self.add_teacher(teacher or students)
        self.teacher_checkpoint = teacher_checkpoint

    def init_weights(self):
        """Initialise the student; load the teacher.

        Raises:
            ValueError: There is no checkpoint, or it does not fit the teacher.
        """
        name = type(self).__name__
        if not self.teacher_checkpoint:
            raise ValueError(
                f'{name} learns from a trained teacher: train the supervised config '
                'first and give its checkpoint as model.teacher_checkpoint'
            )
        super().init_weights()
        # MMEngine logs what a checkpoint lacks and goes on; here nothing may be left.
        state = self.teacher.state_dict()
        for tensor in state.values():
            if tensor.is_floating_point():
                tensor.fill_(float('nan'))
        PretrainedInit(self.teacher_checkpoint, map_location='cpu')(self.teacher)
        missing = [name for name, tensor in state.items() if tensor.isnan().any()]
        if missing:
            raise ValueError(
                f"{self.teacher_checkpoint} is no checkpoint of {name}'s teacher, a "
                f'{type(self.teacher).__name__}: it has no fitting {missing[0]} '
                f'({len(missing)} of {len(state)} are missing); the config that made '
                'it must have the same network'
            )


@MODELS.register_module()
class DataDistill(PseudoPose):
    """PseudoPose whose teacher looks at several views (Radosavovic18; Xie21, Sec. 5).

    The frozen teacher's heatmaps of the easy view and of further views are summed in
    the easy frame, the keypoint is read out (to a fraction of a pixel), and a fresh
    Gaussian at its place on the hard view is the target. Lessons in keypoints take the mean
    of the views' joints, weighted by the confidence.

    Args:
        students, teacher, teacher_checkpoint: See :class:`PseudoPose`.
        num_views (int): Views beside the easy one.
        views (dict): How they are made, config of ``AffineViews``.
        sigma (float, optional): Of the Gaussian; the codec's by default, and always with
            lessons in keypoints.
        kwargs: See :class:`EasyHardEstimator`.

    Raises:
        ValueError: No further view; a ``sigma`` with lessons in keypoints.
    """

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        teacher: Optional[dict] = None,
        teacher_checkpoint: Optional[str] = None,
        num_views: int = 4,
        views: dict = dict(rotation=30, scale=(0.75, 1.25), flip_prob=0.5),
        sigma: Optional[float] = None,
        **kwargs,
    ):
        super().__init__(students, teacher, teacher_checkpoint, **kwargs)
        if num_views < 1:
            raise ValueError(f'num_views must be at least 1; got {num_views}')
        self.num_views = num_views
        self.views = TRANSFORMS.build({'type': 'AffineViews', **views})
        if self.lesson_kind == 'keypoints' and sigma is not None:
            raise ValueError(
                'sigma is of the Gaussian that DataDistill draws, but the lessons are keypoints, '
                "which the student's own codec draws; leave it out"
            )
        if self.lesson_kind == 'heatmaps':
            check_peak_is_one(self.students[0], 'the Gaussian that DataDistill draws')
            self.sigma = codec_sigma(self.students[0], sigma)

    def teacher_passes(self) -> Passes:
        return Passes(1 + self.num_views, 0)

    def mean_keypoints(self, images, seeds, flip_indices) -> Tuple[Tensor, Tensor]:
        """The teacher's joints of all views, in the easy frame: their mean, weighted by the
        confidence, and their mean confidence."""
        size = (images.shape[-1], images.shape[-2])
        easy = easy_view(len(images), images)
        seen = [predict_keypoints(self.teacher, images)]
        for number in range(self.num_views):
            view = self.views.sample(seeds, size, images, stream=f'distill{number}')
            places, sure = predict_keypoints(self.teacher, affine.warp(images, view.matrix))
            sure = sure * shows(places, view, easy, size)  # beyond the easy image is padding
            seen.append(carry_keypoints(places, sure, view, easy, flip_indices))
        return aggregate_keypoints(*(torch.stack(each) for each in zip(*seen)), 'avg')

    def teach(self, images, data_samples, hard, seeds, flip_indices):
        if self.lesson_kind == 'keypoints':
            found = self.mean_keypoints(images, seeds, flip_indices)
            return [keypoint_lesson(*found, hard, flip_indices)]
        size = (images.shape[-1], images.shape[-2])
        easy = easy_view(len(images), images)
        total = self.teacher_heatmaps(images)
        single = response(total)
        for number in range(self.num_views):
            view = self.views.sample(seeds, size, images, stream=f'distill{number}')
            heatmaps = self.teacher_heatmaps(affine.warp(images, view.matrix))
            total = (
                total
                + carry(heatmaps, view, easy, self.scale_factor, flip_indices, self.heatmap_offset)[
                    0
                ]
            )
        lesson = self.lesson(total, hard, flip_indices)
        centers = subpixel_peaks(total)[0]
        on_heatmap = affine.rescale(hard.matrix, self.scale_factor, self.heatmap_offset).to(centers)
        drawn = gaussians(
            affine.transform_points(on_heatmap, centers),
            (total.shape[-1], total.shape[-2]),
            self.sigma,
        )
        drawn = swap_sides(drawn, hard.flip, flip_indices)
        # A redrawn Gaussian is known everywhere, also where the easy view ended.
        share = single / response(total).clamp(min=1e-6)
        return [
            lesson._replace(
                target=drawn,
                mask=torch.ones_like(lesson.mask),
                confidence=lesson.confidence * share,
            )
        ]


@MODELS.register_module()
class MeanTeacherPose(TaughtStudent):
    """The teacher is the moving average of the student (Tarvainen17; Xie21, Sec. 6.3).

    ``θ' <- α θ' + (1 - α) θ`` after every step of the optimiser, buffers included; α starts
    low, as ``1 - 1 / (step + 1)``, so that the teacher is not tied to the initial weights.
    Where gradients of several batches are gathered for one step
    (``optim_wrapper.accumulative_counts``), the batches between two steps do not count.

    Args:
        students (dict): The student, config of an MMPose estimator.
        momentum (float): α; Xie21 tried 0.99 and 0.999.
        kwargs: See :class:`EasyHardEstimator`; in ``test_cfg``, ``predict='teacher'``
            (default) or 0, the student.
    """

    def __init__(self, students: Union[dict, Sequence[dict]], momentum: float = 0.99, **kwargs):
        super().__init__(students, **kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum lies in [0, 1); got {momentum}')
        self.add_teacher(students)
        self.momentum = momentum
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))
        self._last_norms: Optional[Tensor] = None

    def must_differ(self):
        """None: the teacher begins as the student."""
        return {}

    def beginners(self):
        """The student and the teacher. See :meth:`SemiPoseEstimator.beginners`."""
        return [*super().beginners(), 'teacher']

    @torch.no_grad()
    def update_teacher(self) -> None:
        """One step of the moving average, from what the student is now."""
        keep = min(self.momentum, 1 - 1 / (int(self.steps) + 1))
        student = self.students[0].state_dict()
        for name, value in self.teacher.state_dict().items():
            if value.is_floating_point():
                value.lerp_(student[name].to(value), 1 - keep)
            else:
                value.copy_(student[name])
        self.steps += 1

    def loss(self, inputs, data_samples):
        """See :meth:`SemiPoseEstimator.loss`. The last step's weights go into the
        teacher first."""
        if self.training and self._stepped():
            self.update_teacher()
        return super().loss(inputs, data_samples)

    @torch.no_grad()
    def _stepped(self) -> bool:
        """Whether the student's weights are others than at the last call; True at the first.

        Told by the norm of each parameter, which holds for any optimiser and for steps that
        a gradient scaler leaves out.
        """
        norms = torch.stack([p.norm() for p in self.students.parameters() if p.requires_grad])
        last, self._last_norms = self._last_norms, norms
        # Weights that are not finite differ from themselves, so a diverged run goes on to say so.
        return last is None or not torch.equal(norms, last)

    @property
    def predictors(self) -> list:
        """See :attr:`SemiPoseEstimator.predictors`."""
        return ['teacher', 0]

    @property
    def predicting(self) -> list:
        """See :attr:`SemiPoseEstimator.predicting`."""
        return [self.teacher] if self.test_cfg['predict'] == 'teacher' else super().predicting
