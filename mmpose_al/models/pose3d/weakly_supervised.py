"""WeaklySupervisedPose3D: 3D pose from 2D labels and unlabelled views (Iqbal20).

Flow of a training step: split the batch by ``is_labeled`` -> heatmap (and, where it is
known, depth) loss on labelled images -> 3D poses of the unlabelled views -> consistency
over each group of views, limb lengths -> optionally the heatmap loss of fixed
pseudo-labels.
"""

from typing import Dict, Optional, Sequence

import torch
from mmpose.registry import MODELS
from torch import Tensor

from ..cameras import input_cameras
from ..groups import check_groups
from ..heads.heatmap_2p5d import Heatmap2p5DHead, Pose2p5D
from ..passes import Passes
from ..wrapper import EstimatorOfNetworks, split_labeled

# The discriminant, at most 1, below which ``range_weight`` counts; apparent sizes are
# at least its root.
MIN_LEFT = 0.1


@MODELS.register_module()
class WeaklySupervisedPose3D(EstimatorOfNetworks):
    """A network with a 2.5D head, trained without 3D labels (Iqbal20, Eq. 7).

    Unlabelled samples of a batch come in groups of ``num_views`` views of one person at
    one moment, one group after another
    (:class:`~mmpose_al.datasets.LabeledGroupSampler`).

    - FS: labelled samples with depth, no unlabelled ones, no losses below;
    - WS: ``multi_view`` and ``limbs``; WS+R: ``known_rotations=True``;
    - with regularisation: unlabelled samples carry pseudo-labels made once by a 2D
      model, ``regularize=True``.

    Args:
        network (dict): Config of an MMPose top-down estimator with a
            ``Heatmap2p5DHead``.
        num_views (int): Views of a group.
        multi_view (dict, optional): Config of ``MultiViewConsistencyLoss``.
        limbs (dict, optional): Config of ``LimbLengthLoss``.
        handedness (dict, optional): Config of ``HandednessLoss``; not in the paper.
        range_weight (float): Weight of the mean of ``max(0, 0.1 - d)``, where d is the
            discriminant of the root depth (Eq. 3); not in the paper. A masked pose has
            no loss, so without this the network may leave the loss by predicting poses
            that have no depth.
        known_rotations (bool): Align views by the cameras' extrinsics (WS+R).
        regularize (bool): Take the heatmap loss on unlabelled samples too, where they
            have keypoints.
        data_preprocessor, train_cfg, test_cfg, init_cfg, backbone: MMEngine's and MMPose's,
            see :class:`~mmpose_al.models.wrapper.EstimatorOfNetworks`; the preprocessor is
            the network's by default.

    Raises:
        ValueError: Another head, or fewer than two views.
    """

    def __init__(
        self,
        network: dict,
        num_views: int = 4,
        multi_view: Optional[dict] = None,
        limbs: Optional[dict] = None,
        handedness: Optional[dict] = None,
        range_weight: float = 0.0,
        known_rotations: bool = False,
        regularize: bool = False,
        data_preprocessor: Optional[dict] = None,
        train_cfg: Optional[dict] = None,
        test_cfg: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
        backbone: Optional[dict] = None,
    ):
        network = dict(network)
        own = network.pop('data_preprocessor', None)
        super().__init__(data_preprocessor or own, backbone, test_cfg, init_cfg)
        self.network = MODELS.build(network)
        head = getattr(self.network, 'head', None)
        if not isinstance(head, Heatmap2p5DHead):
            raise ValueError(
                'WeaklySupervisedPose3D needs a network with a '
                f'Heatmap2p5DHead; got {type(head).__name__}'
            )
        if num_views < 2:
            raise ValueError(f'num_views must be at least 2; got {num_views}')
        self.num_views = num_views
        self.multi_view = (
            None
            if multi_view is None
            else MODELS.build({'type': 'MultiViewConsistencyLoss', **multi_view})
        )
        self.limbs = None if limbs is None else MODELS.build({'type': 'LimbLengthLoss', **limbs})
        self.handedness = (
            None if handedness is None else MODELS.build({'type': 'HandednessLoss', **handedness})
        )
        self.range_weight = range_weight
        self.known_rotations = known_rotations
        self.regularize = regularize
        self.refuse_parts()

    @property
    def predicting(self) -> list:
        """The one network."""
        return [self.network]

    @property
    def uses_unlabeled(self) -> bool:
        """Whether there is a loss on unlabelled views."""
        return bool(
            self.multi_view or self.limbs or self.handedness or self.range_weight or self.regularize
        )

    def passes_per_step(self, labeled: int, unlabeled: int) -> Passes:
        """What a training step costs: one pass for each image that has a loss."""
        return Passes(0, labeled + unlabeled * self.uses_unlabeled)

    def heatmaps(self, inputs: Tensor) -> Tensor:
        """The head's output, heatmaps and depth maps, (B, 2J, h, w)."""
        return self.head.forward(self.network.extract_feat(inputs))

    def predict(self, inputs: Tensor, data_samples: Sequence) -> list:
        """Predictions as MMPose data samples."""
        with self.asked(self.network):
            return self.network.predict(inputs, data_samples)

    def loss(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """Losses of a mixed batch.

        Returns:
            dict: ``sup_loss_kpt``, ``sup_loss_depth``; ``unsup_loss_multi_view``,
            ``unsup_loss_limbs``, ``unsup_loss_handedness``, ``unsup_loss_range``,
            ``unsup_loss_kpt``; ``masked_poses``, the number of
            unlabelled poses without a defined root depth.
        """
        labeled, unlabeled = split_labeled(data_samples)
        losses: Dict[str, Tensor] = {}
        if labeled:
            found = self.head.loss(
                self.network.extract_feat(inputs[labeled]), [data_samples[i] for i in labeled]
            )
            losses.update({f'sup_{name}': value for name, value in found.items()})
        if unlabeled and self.uses_unlabeled:
            losses.update(
                self.unsupervised_loss(inputs[unlabeled], [data_samples[i] for i in unlabeled])
            )
        return losses

    def unsupervised_loss(self, inputs: Tensor, data_samples: Sequence) -> Dict[str, Tensor]:
        """Losses on groups of views (Iqbal20, Eq. 8, 11)."""
        check_groups(data_samples, self.num_views)
        check_mirrors(data_samples)
        return self.view_losses(self.head.pose(self.network.extract_feat(inputs)), data_samples)

    def view_losses(self, pose: Pose2p5D, data_samples: Sequence) -> Dict[str, Tensor]:
        """The same of given 2.5D poses, the network's or others.

        Args:
            pose (Pose2p5D): Of B images, whole groups of views.
            data_samples (Sequence): B samples with cameras.

        Returns:
            dict: The ``unsup_*`` of :meth:`loss` and ``masked_poses``.
        """
        lifted = self.head.lift(pose, data_samples)
        left = self.head.length_left(pose, data_samples)
        losses: Dict[str, Tensor] = {}
        if self.limbs:
            losses['unsup_loss_limbs'] = self.limbs(lifted.points, pose.confidence, lifted.valid)
        if self.handedness:
            losses['unsup_loss_handedness'] = self.handedness(
                lifted.points, pose.confidence, lifted.valid
            )
        if self.range_weight:
            losses['unsup_loss_range'] = self.range_weight * (MIN_LEFT - left).clamp(min=0).mean()
        if self.multi_view:

            def grouped(value: Tensor) -> Tensor:
                return value.unflatten(0, (-1, self.num_views))

            losses['unsup_loss_multi_view'] = self.multi_view(
                grouped(lifted.points),
                grouped(pose.confidence),
                grouped(lifted.valid),
                grouped(*input_cameras(data_samples, ('input_R',), lifted.points))
                if self.known_rotations
                else None,
                size=grouped(left.clamp(min=MIN_LEFT).sqrt()),
            )
        if self.regularize:
            heatmaps = torch.stack([d.gt_fields.heatmaps for d in data_samples])
            weights = torch.cat([d.gt_instance_labels.keypoint_weights for d in data_samples])
            losses['unsup_loss_kpt'] = self.head.loss_module(pose.heatmaps, heatmaps, weights)
        losses['masked_poses'] = (~lifted.valid).sum().float()
        return losses


def check_mirrors(samples: Sequence) -> None:
    """Raise ValueError if a view is mirrored: the mirrored world is another one."""
    mirrored = [s.metainfo.get('img_path') for s in samples if s.metainfo.get('flip')]
    if mirrored:
        raise ValueError(
            f'{mirrored[0]}: views of a group are mirrored; the mirrored world is another one. '
            'Take RandomFlip out of the pipeline'
        )
