"""DenoisedPoseDual: denoised and selected pseudo-heatmaps (Yu24)."""

from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmpose.registry import MODELS, TRANSFORMS
from torch import Tensor

from ...geometry import affine
from ..passes import Passes
from ..views import View, carry, carry_keypoints, easy_view, shows
from .consistency import Lesson, TeachingStudents
from .keypoint_lessons import KeypointLesson
from .networks import check_peak_is_one, codec_sigma
from .pseudo_heatmaps import aggregate, threshold_and_refine, trusts_itself, uncertainty
from .pseudo_keypoints import SIDE_IN_SIGMAS, aggregate_keypoints, keypoint_uncertainty


class PseudoHeatmaps(NamedTuple):
    """What one network makes of all views, in the frame of the hard view.

    Attributes:
        heatmaps (Tensor): Denoised, (B, J, h, w).
        weight (Tensor): 1 for joints that give a loss, 0 for others, (B, J).
        uncertainty (Tensor): Shape (B, J).
        easy (Tensor): The network's heatmaps of the easy view, (B, J, h, w).
        response (Tensor, optional): See :class:`~.consistency.Lesson`, (B, J).
    """

    heatmaps: Tensor
    weight: Tensor
    uncertainty: Tensor
    easy: Tensor
    response: Optional[Tensor] = None


class PseudoKeypoints(NamedTuple):
    """What one network makes of all views, joint by joint, in the frame of the hard view.

    Attributes:
        places (Tensor): Put together, pixels, (B, K, 2).
        certainty (Tensor): How sure the network is of them, (B, K).
        weight (Tensor): 1 for joints that give a loss, 0 for others, (B, K).
        uncertainty (Tensor): Shape (B, K).
        joints, confidence (Tensor): Those of the easy view, (B, K, 2) and (B, K).
        response (Tensor, optional): See :class:`~.keypoint_lessons.KeypointLesson`, (B, K).
    """

    places: Tensor
    certainty: Tensor
    weight: Tensor
    uncertainty: Tensor
    joints: Tensor
    confidence: Tensor
    response: Optional[Tensor] = None


@MODELS.register_module()
class DenoisedPoseDual(TeachingStudents):
    """Two networks teach each other denoised and selected heatmaps (Yu24).

    Each network sees the easy image, further weak views and strong views. Its heatmaps,
    brought into the frame of the view on which the loss is taken, are put together
    (Eq. 4), confident joints are redrawn (Sec. 3.2), and of the two networks' results
    each student takes, joint by joint, the other's or, if it is surer by a margin, its
    own (Eq. 6, 7). Views are run one after another, so memory grows by heatmaps only.

    Networks look at views with the running statistics of BatchNorm, which come from
    labelled images (see ``hard_updates_statistics``). The paper does not say. With a
    batch's own statistics a batch of strong views is a world of its own, in which no
    label holds the heatmaps while the maximum raises them: the paper's second row of
    Table 4 diverges (docs/studies/semi_supervised_synthetic.md).

    Where lessons are keypoints (ours), the place of the surest view is what the maximum of
    heatmaps is, every lesson is a fresh peak, and the spread of the decoded joints is the
    uncertainty (:mod:`~mmpose_al.models.semi.pseudo_keypoints`).

    Args:
        students (dict | list[dict]): One config for both networks, or two.
        num_strong (int): K. The first strong view is the one of the loss. The paper
            does not say which K its main tables used; Fig. 5 varies it.
        num_weak (int): Weak views; the first is the pipeline's easy view.
        hard_view (dict): How strong views are made, config of ``AffineViews``.
        weak_view (dict): How further weak views are made.
        aggregate (str): ``'max'`` or ``'avg'`` over the views.
        threshold (float): τ. What a joint gives whose maximum is not above it is the
            paper's silence, see ``below``.
        below (str): ``'ignore'``: such a joint gives no loss; ``'keep'``: its
            aggregated heatmap is the target as it is.
        refine (bool): Redraw confident joints as Gaussians. Lessons in keypoints always do.
        select (bool): Choose between the networks by uncertainty; False: always the
            other's, as in PoseDual.
        margin (float): Δ of Eq. 7.
        sigma (float, optional): Of redrawn Gaussians; the codec's by default. Lessons in
            keypoints have the codec's.
        teacher_statistics (str): ``'running'`` or ``'batch'``, see
            :class:`~mmpose_al.models.semi.consistency.TeachingStudents`.
        kwargs: ``hard_augments`` or ``hard_paths`` and the others of
            :class:`~mmpose_al.models.semi.consistency.TeachingStudents` and
            :class:`~mmpose_al.models.semi.consistency.EasyHardEstimator`.

    Raises:
        ValueError: K below 0, no weak view, an unknown aggregate, a setting out of
            range; ``refine=False`` or a ``sigma`` with lessons in keypoints.
    """

    num_students = (2,)
    lessons = ('heatmaps', 'keypoints')

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        num_strong: int = 2,
        num_weak: int = 1,
        hard_view: dict = dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)),
        weak_view: dict = dict(rotation=30, scale=(0.75, 1.25)),
        aggregate: str = 'max',
        threshold: float = 0.1,
        below: str = 'ignore',
        refine: bool = True,
        select: bool = True,
        margin: float = 0.05,
        sigma: Optional[float] = None,
        teacher_statistics: str = 'running',
        **kwargs,
    ):
        if num_strong < 0:
            raise ValueError(f'num_strong (K) must be at least 0; got {num_strong}')
        if num_weak < 1:
            raise ValueError(f'num_weak must be at least 1, the easy view itself; got {num_weak}')
        if aggregate not in ('max', 'avg'):
            raise ValueError(f"aggregate is 'max' or 'avg'; got {aggregate!r}")
        if below not in ('ignore', 'keep'):
            raise ValueError(f"below is 'ignore' or 'keep'; got {below!r}")
        if margin < 0:
            raise ValueError(f'margin must be at least 0; got {margin}')
        super().__init__(
            students, hard_view=hard_view, teacher_statistics=teacher_statistics, **kwargs
        )
        self.num_strong, self.num_weak = num_strong, num_weak
        self.weak_view = TRANSFORMS.build({'type': 'AffineViews', **weak_view})
        self.aggregate, self.threshold, self.below = aggregate, threshold, below
        self.refine, self.select, self.margin = refine, select, margin
        if self.lesson_kind == 'keypoints':
            if not refine or sigma is not None:
                raise ValueError(
                    'refine=False and sigma are about heatmaps, but the lessons are keypoints, '
                    "which the student's own codec draws; leave them out"
                )
            return
        check_peak_is_one(self.students[0], "DenoisedPoseDual's threshold")
        self.sigma = codec_sigma(self.students[0], sigma) if refine else None

    def views(self, images: Tensor, hard: View, seeds: np.ndarray) -> List[View]:
        """The easy view, further weak ones, the hard one, and further strong ones."""
        size = (images.shape[-1], images.shape[-2])
        weak = [
            self.weak_view.sample(seeds, size, images, stream=f'weak{number}')
            for number in range(1, self.num_weak)
        ]
        strong = [
            self.hard_view.sample(seeds, size, images, stream=f'view{number}')
            for number in range(1, self.num_strong)
        ]
        return [easy_view(len(images), images)] + weak + [hard] * (self.num_strong > 0) + strong

    def candidates(
        self,
        network: int,
        images: Tensor,
        hard: View,
        views: List[View],
        flip_indices: Sequence[int],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """A network's heatmaps of all views in the frame of the hard one.

        Returns:
            tuple: Heatmaps (V, B, J, h, w), the pixels that each view saw (V, B, 1, h,
            w), and the heatmaps of the easy view in its own frame (B, J, h, w).
        """
        carried, easy = [], None
        for view in views:
            seen_from = images if easy is None else affine.warp(images, view.matrix)
            heatmaps = self.teacher_heatmaps(network, seen_from)
            easy = heatmaps if easy is None else easy
            carried.append(
                carry(heatmaps, view, hard, self.scale_factor, flip_indices, self.heatmap_offset)
            )
        return torch.stack([c[0] for c in carried]), torch.stack([c[1] for c in carried]), easy

    def denoise(self, heatmaps: Tensor, seen: Tensor, easy: Tensor) -> PseudoHeatmaps:
        """Eq. 4, threshold-and-refine and Eq. 6 for one network's candidates."""
        together = aggregate(heatmaps, seen, self.aggregate)
        result, weight = threshold_and_refine(
            together, self.threshold, self.refine, self.sigma, seen.amax(0)
        )
        if self.below == 'keep':
            weight = torch.ones_like(weight)
        return PseudoHeatmaps(result, weight.to(result), uncertainty(heatmaps, seen), easy)

    def teacher_passes(self) -> Passes:
        return Passes(len(self.students) * (self.num_weak + self.num_strong), 0)

    def pseudo_heatmaps(
        self,
        images: Tensor,
        data_samples: Sequence,
        hard: View,
        seeds: np.ndarray,
        flip_indices: Sequence[int],
    ) -> List[PseudoHeatmaps]:
        """What each network makes of all views; arguments as in :meth:`teach`."""
        views = self.views(images, hard, seeds)
        return [
            self.denoise(*self.candidates(network, images, hard, views, flip_indices))
            for network in (0, 1)
        ]

    def keypoint_candidates(
        self,
        network: int,
        images: Tensor,
        hard: View,
        views: List[View],
        flip_indices: Sequence[int],
    ) -> Tuple[Tensor, Tensor, Tuple[Tensor, Tensor]]:
        """A network's joints of all views in the frame of the hard one.

        Returns:
            tuple: Places (V, B, K, 2); their confidence (V, B, K), 0 beyond the easy image;
            and both of the easy view in its own frame, (B, K, 2) and (B, K).
        """
        size, carried, easy = (images.shape[-1], images.shape[-2]), [], None
        for view in views:
            seen_from = images if easy is None else affine.warp(images, view.matrix)
            found = self.teacher_keypoints(network, seen_from)
            easy = found if easy is None else easy
            known = shows(found[0], view, views[0], size)
            carried.append(carry_keypoints(found[0], found[1] * known, view, hard, flip_indices))
        places, confidence = (torch.stack(each) for each in zip(*carried))
        return places, confidence, easy

    def pseudo_keypoints(
        self,
        images: Tensor,
        data_samples: Sequence,
        hard: View,
        seeds: np.ndarray,
        flip_indices: Sequence[int],
    ) -> List[PseudoKeypoints]:
        """As :meth:`pseudo_heatmaps`, for lessons in keypoints."""
        views, size = self.views(images, hard, seeds), (images.shape[-1], images.shape[-2])
        made = []
        for network in (0, 1):
            places, confidence, easy = self.keypoint_candidates(
                network, images, hard, views, flip_indices
            )
            seen = torch.stack(
                [torch.stack([shows(one, hard, view, size) for one in places]) for view in views]
            )
            spread = keypoint_uncertainty(places, confidence, seen, max(size) / SIDE_IN_SIGMAS)
            place, sure = aggregate_keypoints(places, confidence, self.aggregate)
            taught = (sure > self.threshold) | (self.below == 'keep')
            made.append(PseudoKeypoints(place, sure, taught.to(sure), spread, *easy))
        return made

    def teach(self, images, data_samples, hard, seeds, flip_indices):
        if self.lesson_kind == 'keypoints':
            found = self.pseudo_keypoints(images, data_samples, hard, seeds, flip_indices)
            return [self._choose_keypoints(found[i], found[self.teacher_of(i)]) for i in (0, 1)]
        made = self.pseudo_heatmaps(images, data_samples, hard, seeds, flip_indices)
        return [
            self._choose(made[student], made[self.teacher_of(student)], hard, flip_indices)
            for student in (0, 1)
        ]

    def _choose(
        self, own: PseudoHeatmaps, other: PseudoHeatmaps, hard: View, flip_indices: Sequence[int]
    ) -> Lesson:
        """A student's lesson out of its own and the other's pseudo-heatmaps.

        Its mask is the easy view's: no other view sees beyond it.
        """
        lesson = self.lesson(other.easy, hard, flip_indices)
        target, weight = other.heatmaps, other.weight
        if self.select:
            keep = trusts_itself(own.uncertainty, other.uncertainty, self.margin)
            target = torch.where(keep[..., None, None], own.heatmaps, target)
            weight = torch.where(keep, own.weight, weight)
        return lesson._replace(target=target, weight=weight, response=other.response)

    def _choose_keypoints(self, own: PseudoKeypoints, other: PseudoKeypoints) -> KeypointLesson:
        """As :meth:`_choose`, joint by joint."""
        keep = torch.zeros_like(own.weight, dtype=torch.bool)
        if self.select:
            keep = trusts_itself(own.uncertainty, other.uncertainty, self.margin)
        return KeypointLesson(
            torch.where(keep[..., None], own.places, other.places),
            torch.where(keep, own.certainty, other.certainty),
            other.joints,
            other.confidence,
            torch.where(keep, own.weight, other.weight),
            other.response,
        )
