"""The other cameras correct the teachers: MultiViewPoseDual, MultiViewDenoisedPoseDual."""

from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmpose.registry import MODELS
from torch import Tensor

from ...geometry.cameras import ODD_IN_X, trim_distortion
from ...geometry.consensus import Consensus, consensus, joint_pairs
from ...geometry.heatmaps import gaussians
from ..cameras import input_cameras
from ..decoding import decode_on_device
from ..groups import check_groups
from ..views import View, swap_sides
from .consistency import TeachingStudents
from .denoised import DenoisedPoseDual, PseudoHeatmaps, PseudoKeypoints
from .keypoint_lessons import keypoint_lesson
from .networks import check_peak_is_one, codec_sigma

CAMERA_KEYS = ('input_K', 'input_dist', 'input_R', 'input_t')
SHARE = 32  # of the input's longer side, which views may differ by
WEIGHTS = ('one', 'inliers')


class Rig(NamedTuple):
    """The cameras of the inputs of a batch, in groups: G groups of V views.

    Attributes:
        K, R, t, dist (Tensor): Of the inputs as the networks see them, mirrored ones too,
            float64 (G, V, 3, 3), (G, V, 3, 3), (G, V, 3) and (G, V, D) or None.
        mirrored (Tensor): Inputs that show the world in a mirror, bool (G, V).
        again (Tensor): Views of a camera that stands in the group already, bool (G, V).
    """

    K: Tensor
    R: Tensor
    t: Tensor
    dist: Optional[Tensor]
    mirrored: Tensor
    again: Tensor


def rig_of(data_samples: Sequence, num_views: int, like: Tensor) -> Rig:
    """The cameras of a batch of groups of views.

    Args:
        data_samples (Sequence): Views of a group one after another.
        num_views (int): V.
        like (Tensor): Gives the device.

    Raises:
        ValueError: The samples are no groups of so many views of one person at one moment,
            or one has no camera.
    """
    check_groups(data_samples, num_views)
    columns = input_cameras(data_samples, CAMERA_KEYS, like.double())
    K, dist, R, t = (each.unflatten(0, (-1, num_views)) for each in columns)
    mirrored = torch.tensor([bool(s.metainfo.get('flip')) for s in data_samples])
    mirrored = mirrored.to(like.device).unflatten(0, (-1, num_views))
    # InputCamera mirrors the world; here the mirror belongs to the camera.
    sign = torch.where(mirrored, -1.0, 1.0).to(K)
    K = torch.cat([K[..., :1] * sign[..., None, None], K[..., 1:]], -1)
    dist = dist.clone()
    dist[..., ODD_IN_X] *= sign[..., None]
    same = (R[:, :, None] == R[:, None]).all((-1, -2)) & (t[:, :, None] == t[:, None]).all(-1)
    again = same.tril(-1).any(-1)
    return Rig(K, R, t, trim_distortion(dist), mirrored, again)


class Corrected(NamedTuple):
    """A teacher's heatmaps of the easy views after the cameras' correction.

    Attributes:
        heatmaps (Tensor): Agreed joints redrawn, (G V, K, h, w).
        weight (Tensor): Of each joint in the loss, (G V, K).
        known (Tensor): Joints that were redrawn, bool (G V, K).
    """

    heatmaps: Tensor
    weight: Tensor
    known: Tensor


class CorrectedKeypoints(NamedTuple):
    """A teacher's joints in the easy views after the cameras' correction.

    Attributes:
        places (Tensor): Agreed joints where the cameras have them, pixels, (G V, K, 2).
        confidence (Tensor): 1 for agreed joints, else the teacher's, (G V, K).
        weight (Tensor): Of each joint in the loss, (G V, K).
        known (Tensor): Joints that were agreed on, bool (G V, K).
    """

    places: Tensor
    confidence: Tensor
    weight: Tensor
    known: Tensor


class CorrectedByCameras(TeachingStudents):
    """Two networks whose predictions on the easy views the other cameras correct.

    Flow: decode the joints of the easy views -> triangulate each joint of a group of views
    robustly, weighted by the squared confidence -> project the point into every view of the
    group, those too that were wrong -> redraw the joint there, or, where lessons are
    keypoints, take the place as it is. A subclass takes :meth:`corrected` or
    :meth:`corrected_keypoints` to the hard view.

    Args:
        students (dict | list[dict]): One config for both networks, or two.
        num_views (int): Views of a group; the sampler's
            (:class:`~mmpose_al.datasets.LabeledGroupSampler`).
        threshold (float, optional): Largest reprojection error of a view that agrees, in
            pixels of the input; by default a 32nd of its longer side.
        min_inliers (int): Views that have to agree. Two suffice where there are two, and
            are weak evidence.
        fallback (str): What a joint teaches on which too few views agree: ``'ignore'``:
            nothing; ``'heatmap'``: the teacher's own heatmap, as in PoseDual, or its own
            joint where lessons are keypoints.
        exchange (bool): Whether a view may have left and right the wrong way round, see
            :func:`~mmpose_al.geometry.consensus.consensus`.
        weight (str): Of a joint on which views agree: ``'one'``, or ``'inliers'``: the
            share of the group's cameras that do.
        sigma (float, optional): Of redrawn Gaussians, heatmap pixels; the codec's by
            default, and always with lessons in keypoints.
        kwargs: See :class:`~mmpose_al.models.semi.consistency.TeachingStudents` and
            :class:`~mmpose_al.models.semi.consistency.EasyHardEstimator`.

    Raises:
        ValueError: A setting out of range; a ``sigma`` with lessons in keypoints.
    """

    num_students = (2,)
    lessons = ('heatmaps', 'keypoints')

    def __init__(
        self,
        students: Union[dict, Sequence[dict]],
        num_views: int = 4,
        threshold: Optional[float] = None,
        min_inliers: int = 3,
        fallback: str = 'ignore',
        exchange: bool = True,
        weight: str = 'one',
        sigma: Optional[float] = None,
        **kwargs,
    ):
        if num_views < 2 or not 2 <= min_inliers <= num_views:
            raise ValueError(
                'num_views is at least 2 and min_inliers lies between 2 and num_views; got '
                f'{num_views} and {min_inliers}'
            )
        if threshold is not None and not threshold > 0:
            raise ValueError(f'threshold is in pixels of the input, above 0; got {threshold}')
        if fallback not in ('ignore', 'heatmap'):
            raise ValueError(f"fallback is 'ignore' or 'heatmap'; got {fallback!r}")
        if weight not in WEIGHTS:
            raise ValueError(f'weight is one of {WEIGHTS}; got {weight!r}')
        super().__init__(students, **kwargs)
        self.num_views, self.max_error, self.min_inliers = num_views, threshold, min_inliers
        self.fallback, self.exchange, self.weight = fallback, exchange, weight
        if self.lesson_kind == 'keypoints':
            if sigma is not None:
                raise ValueError(
                    'sigma is of redrawn heatmaps, but the lessons are keypoints, which the '
                    "student's own codec draws; leave it out"
                )
            return
        name = type(self).__name__
        check_peak_is_one(self.students[0], f'{name}, which redraws joints,')
        self.sigma = codec_sigma(self.students[0], sigma)

    def corrected(
        self,
        heatmaps: Sequence[Tensor],
        images: Tensor,
        data_samples: Sequence,
        flip_indices: Sequence[int],
    ) -> List[Corrected]:
        """What the cameras make of each teacher's heatmaps (G V, K, h, w) of the easy views."""
        decoded = [
            decode_on_device(student.head, own) for student, own in zip(self.students, heatmaps)
        ]
        rig, together = self.agree(decoded, images, data_samples, flip_indices)
        return [
            self.redraw(own, agreed, rig, flip_indices) for own, agreed in zip(heatmaps, together)
        ]

    def corrected_keypoints(
        self,
        decoded: Sequence[Tuple[Tensor, Tensor]],
        images: Tensor,
        data_samples: Sequence,
        flip_indices: Sequence[int],
    ) -> List[CorrectedKeypoints]:
        """As :meth:`corrected`, of each teacher's joints (G V, K, 2) and confidence (G V, K)."""
        rig, together = self.agree(decoded, images, data_samples, flip_indices)
        last = images.new_tensor([images.shape[-1] - 1, images.shape[-2] - 1])
        made = []
        for (places, confidence), agreed in zip(decoded, together):
            found = swap_sides(agreed.pixels, rig.mirrored, flip_indices).flatten(0, 1)
            known = ((found >= 0) & (found <= last)).all(-1)  # False where there is none
            made.append(
                CorrectedKeypoints(
                    torch.where(known[..., None], found.to(places), places),
                    torch.where(known, torch.ones_like(confidence), confidence),
                    self.joint_weights(agreed, known, rig, flip_indices, confidence),
                    known,
                )
            )
        return made

    def agree(
        self,
        decoded: Sequence[Tuple[Tensor, Tensor]],
        images: Tensor,
        data_samples: Sequence,
        flip_indices: Sequence[int],
    ) -> Tuple[Rig, List[Consensus]]:
        """What the views of each group agree on, joints named as in the world.

        All teachers' groups are triangulated at once: so few points cost by the call.

        Args:
            decoded (Sequence[tuple]): Each teacher's joints in pixels of the easy views,
                (G V, K, 2), and their scores (G V, K).
            images (Tensor): The easy views, (G V, C, H, W).
            data_samples (Sequence): Their samples.
            flip_indices (Sequence[int]): The channel of each joint's mirror image.

        Returns:
            tuple: The cameras, and for each teacher a Consensus.
        """
        rig = rig_of(data_samples, self.num_views, images)
        threshold = self.max_error or max(images.shape[-2:]) / SHARE
        number = len(decoded)
        shape = (number * len(rig.mirrored), self.num_views)
        mirrored, again = (each.repeat(number, 1) for each in (rig.mirrored, rig.again))
        pixels, scores = (
            swap_sides(torch.cat(each).double().unflatten(0, shape), mirrored, flip_indices)
            for each in zip(*decoded)
        )
        K, R, t, dist = (
            None if each is None else torch.cat([each] * number)
            for each in (rig.K, rig.R, rig.t, rig.dist)
        )
        together = consensus(
            pixels,
            K,
            R,
            t,
            dist,
            scores.masked_fill(again[..., None], 0),
            threshold=threshold,
            min_inliers=self.min_inliers,
            pairs=joint_pairs(flip_indices) if self.exchange else (),
        )
        chunks = zip(*(part.chunk(number) for part in together))
        return rig, [Consensus(*each) for each in chunks]

    def redraw(
        self, heatmaps: Tensor, agreed: Consensus, rig: Rig, flip_indices: Sequence[int]
    ) -> Corrected:
        """Draw the agreed joints anew.

        A joint whose projection lies outside the input is as one without agreement.
        """
        places = swap_sides(agreed.pixels, rig.mirrored, flip_indices).flatten(0, 1)
        places = places / places.new_tensor(np.asarray(self.scale_factor, np.float64))
        size = (heatmaps.shape[-1], heatmaps.shape[-2])
        last = places.new_tensor(size) - 1
        known = ((places >= 0) & (places <= last)).all(-1)  # False where there is none
        drawn = gaussians(places.masked_fill(~known[..., None], 0).to(heatmaps), size, self.sigma)
        heatmaps = torch.where(known[..., None, None], drawn, heatmaps)
        weight = self.joint_weights(agreed, known, rig, flip_indices, heatmaps)
        return Corrected(heatmaps, weight, known)

    def joint_weights(
        self, agreed: Consensus, known: Tensor, rig: Rig, flip_indices: Sequence[int], like: Tensor
    ) -> Tensor:
        """Of each joint in the loss, (G V, K), of the dtype of ``like``."""
        cameras = (~rig.again).sum(1).to(like)[:, None, None]  # one that stands twice is one
        share = agreed.inliers.to(like).sum(1, keepdim=True) / cameras
        share = share.expand(agreed.inliers.shape)
        share = swap_sides(share, rig.mirrored, flip_indices).flatten(0, 1)
        weight = share if self.weight == 'inliers' else torch.ones_like(share)
        otherwise = 1.0 if self.fallback == 'heatmap' else 0.0
        return torch.where(known, weight, torch.full_like(weight, otherwise))


@MODELS.register_module()
class MultiViewPoseDual(CorrectedByCameras):
    """Two networks teach each other; the other cameras of a calibrated rig correct them.

    Each student is taught the other's corrected heatmaps or joints, taken along to the hard view
    as in PoseDual. The idea is that of multi-view bootstrapping (Simon et al., CVPR 2017), joined
    with two students and hard views; no paper has this form. See
    :class:`CorrectedByCameras` for the arguments.
    """

    def teach(self, images, data_samples, hard, seeds, flip_indices):
        """See the class."""
        made = []
        if self.lesson_kind == 'keypoints':
            decoded = [self.teacher_keypoints(teacher, images) for teacher in (0, 1)]
            corrected = self.corrected_keypoints(decoded, images, data_samples, flip_indices)
            for (_, sure), joints in zip(decoded, corrected):
                lesson = keypoint_lesson(joints.places, joints.confidence, hard, flip_indices)
                weight = swap_sides(joints.weight, hard.flip, flip_indices)
                made.append(lesson._replace(weight=weight, response=sure))
        else:
            heatmaps = [self.teacher_heatmaps(teacher, images) for teacher in (0, 1)]
            corrected = self.corrected(heatmaps, images, data_samples, flip_indices)
            for own, each in zip(heatmaps, corrected):
                lesson = self.lesson(each.heatmaps, hard, flip_indices)
                weight = swap_sides(each.weight, hard.flip, flip_indices)
                made.append(lesson._replace(weight=weight, response=own.flatten(2).amax(-1)))
        return [made[self.teacher_of(student)] for student in (0, 1)]


@MODELS.register_module()
class MultiViewDenoisedPoseDual(CorrectedByCameras, DenoisedPoseDual):
    """Denoised and selected lessons (Yu24), corrected by the other cameras.

    A joint on which the cameras agree about a network's easy views takes the place that they
    give it; any other is, with ``fallback='heatmap'``, what Yu24 makes of the network's views,
    and gives no loss otherwise. Then each student takes the other's or its own, by how sure
    the network itself is over its weak and strong views (Yu24, Eq. 6, 7). No paper has this
    form.

    Args:
        students (dict | list[dict]): One config for both networks, or two.
        confident (float): Yu24's τ, the ``threshold`` of
            :class:`~mmpose_al.models.semi.denoised.DenoisedPoseDual`; here ``threshold`` is
            that of the cameras.
        kwargs: See :class:`CorrectedByCameras` and
            :class:`~mmpose_al.models.semi.denoised.DenoisedPoseDual`.
    """

    def __init__(self, students: Union[dict, Sequence[dict]], confident: float = 0.1, **kwargs):
        super().__init__(students, **kwargs)
        self.threshold = confident  # DenoisedPoseDual's

    def pseudo_heatmaps(self, images, data_samples, hard, seeds, flip_indices):
        """See :meth:`DenoisedPoseDual.pseudo_heatmaps`."""
        made = super().pseudo_heatmaps(images, data_samples, hard, seeds, flip_indices)
        cameras = self.corrected([each.easy for each in made], images, data_samples, flip_indices)
        return [self._together(*pair, hard, flip_indices) for pair in zip(made, cameras)]

    def _together(
        self, own: PseudoHeatmaps, cameras: Corrected, hard: View, flip_indices: Sequence[int]
    ) -> PseudoHeatmaps:
        known = swap_sides(cameras.known, hard.flip, flip_indices)
        weight = swap_sides(cameras.weight, hard.flip, flip_indices)
        if self.fallback == 'heatmap':
            weight = torch.where(known, weight, own.weight)
        drawn = self.lesson(cameras.heatmaps, hard, flip_indices).target
        return own._replace(
            heatmaps=torch.where(known[..., None, None], drawn, own.heatmaps),
            weight=weight,
            easy=cameras.heatmaps,
            response=own.easy.flatten(2).amax(-1),
        )

    def pseudo_keypoints(self, images, data_samples, hard, seeds, flip_indices):
        """See :meth:`DenoisedPoseDual.pseudo_keypoints`."""
        made = super().pseudo_keypoints(images, data_samples, hard, seeds, flip_indices)
        decoded = [(each.joints, each.confidence) for each in made]
        cameras = self.corrected_keypoints(decoded, images, data_samples, flip_indices)
        return [self._joints_together(*pair, hard, flip_indices) for pair in zip(made, cameras)]

    def _joints_together(
        self,
        own: PseudoKeypoints,
        cameras: CorrectedKeypoints,
        hard: View,
        flip_indices: Sequence[int],
    ) -> PseudoKeypoints:
        known = swap_sides(cameras.known, hard.flip, flip_indices)
        weight = swap_sides(cameras.weight, hard.flip, flip_indices)
        if self.fallback == 'heatmap':
            weight = torch.where(known, weight, own.weight)
        moved = keypoint_lesson(cameras.places, cameras.confidence, hard, flip_indices)
        return own._replace(
            places=torch.where(known[..., None], moved.places, own.places),
            certainty=torch.where(known, moved.certainty, own.certainty),
            weight=weight,
            joints=cameras.places,
            confidence=cameras.confidence,
            response=own.confidence,
        )
