"""Heatmap2p5DHead: heatmaps and latent depth maps (Iqbal20, Sec. 3.2)."""

from typing import NamedTuple, Optional, Sequence, Tuple, Union

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from torch import Tensor

from ...geometry.depth import Reconstruction, length_left, rays, reconstruct, scale_from_limbs
from ...geometry.heatmaps import sample_at, soft_argmax
from ..cameras import input_cameras

# HeatmapHead's arguments that say what its layers are.
LAYERS = (
    'deconv_out_channels',
    'deconv_kernel_sizes',
    'conv_out_channels',
    'conv_kernel_sizes',
    'final_layer',
)


class Pose2p5D(NamedTuple):
    """What the head says of a batch.

    Attributes:
        pixels (Tensor): (u, v) in input pixels, (B, J, 2).
        relative (Tensor): z^r, (B, J).
        confidence (Tensor): φ, the heatmap at (u, v), (B, J).
        heatmaps (Tensor): Shape (B, J, h, w).
    """

    pixels: Tensor
    relative: Tensor
    confidence: Tensor
    heatmaps: Tensor


def camera_of(samples: Sequence, like: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
    """Intrinsics (B, 3, 3) and distortion (B, 14) of the inputs, float32.

    The distortion is None if no input has any.

    Raises:
        ValueError: A sample has none.
    """
    K, dist = input_cameras(samples, ('input_K', 'input_dist'), like.float())
    return K, dist if dist.any() else None


@MODELS.register_module()
class Heatmap2p5DHead(HeatmapHead):
    """2J channels: J heatmaps and J latent depth maps (Iqbal20).

    Keypoints are the soft-argmax of the heatmaps (Eq. 4), relative depths the sums of
    the depth maps weighted by the softmaxed heatmaps (Eq. 5). Heatmaps are supervised
    by Gaussians, depths where they are known (Eq. 6).

    Predictions carry ``keypoints`` in the image, and, where the samples have
    ``input_K``, ``keypoints_3d`` (1, J, 3) in camera coordinates: in mm with ``limbs``
    and ``mean_lengths`` (Eq. 12), else normalised by the pair's distance; NaN where the
    root depth is not defined.

    Args:
        in_channels (int | Sequence[int]): As :class:`mmpose.models.HeatmapHead`.
        out_channels (int): J, the number of joints.
        pair (Sequence[int]): Joints whose distance scales the pose (neck, pelvis).
        depth_weight (float): ψ.
        temperature (float): λ of the soft-argmax.
        separate_depth (bool): Give the depth maps deconvolutions and convolutions of
            their own; not in the paper, where the last layer alone is theirs. The
            gradient of the heatmaps' squared errors is many times that of the losses on
            views, so that layers which both share hardly learn depths from views.
        limbs (Sequence, optional): E pairs of joints that give the scale in a test.
        mean_lengths (Sequence[float], optional): Their mean lengths in mm.
        kwargs: As :class:`mmpose.models.HeatmapHead`; ``decoder`` is a ``Heatmap2p5D``.

    Raises:
        ValueError: A joint that is not there; limbs without lengths.
    """

    def __init__(
        self,
        in_channels: Union[int, Sequence[int]],
        out_channels: int,
        pair: Sequence[int],
        depth_weight: float = 5.0,
        temperature: float = 50.0,
        separate_depth: bool = False,
        limbs: Optional[Sequence[Sequence[int]]] = None,
        mean_lengths: Optional[Sequence[float]] = None,
        **kwargs,
    ):
        super().__init__(
            in_channels, out_channels if separate_depth else 2 * out_channels, **kwargs
        )
        # A HeatmapHead for its layers alone.
        self.depth_layers = (
            None
            if not separate_depth
            else HeatmapHead(
                in_channels, out_channels, **{key: kwargs[key] for key in LAYERS if key in kwargs}
            )
        )
        self.num_joints = out_channels
        named = list(pair) + [joint for limb in limbs or [] for joint in limb]
        if (
            len(pair) != 2
            or pair[0] == pair[1]
            or not all(0 <= joint < out_channels for joint in named)
        ):
            raise ValueError(
                f'pair {pair} and limbs name joints of a skeleton with '
                f'{out_channels}; the pair is two different ones'
            )
        if len(limbs or []) != len(mean_lengths or []):
            raise ValueError(
                f'{len(limbs or [])} limbs with {len(mean_lengths or [])} '
                'mean lengths; give as many of both'
            )
        self.pair = tuple(pair)
        self.depth_weight, self.temperature = depth_weight, temperature
        self.limbs = [tuple(limb) for limb in limbs or []]
        self.register_buffer(
            'mean_lengths',
            torch.tensor(list(mean_lengths or []), dtype=torch.float32),
            persistent=False,
        )

    def forward(self, feats) -> Tensor:
        """J heatmaps and J depth maps, (B, 2J, h, w)."""
        maps = super().forward(feats)
        if self.depth_layers is None:
            return maps
        return torch.cat([maps, self.depth_layers(feats)], 1)

    def pose(self, feats) -> Pose2p5D:
        """The 2.5D pose of a batch's features (Eq. 4, 5). Differentiable."""
        return self.read(self.forward(feats))

    def read(self, output: Tensor) -> Pose2p5D:
        """The 2.5D pose in the head's output, (B, 2J, h, w)."""
        heatmaps = output[:, : self.num_joints]
        depths = output[:, self.num_joints :]
        positions, share = soft_argmax(heatmaps, self.temperature)
        relative = (share * depths.to(share)).sum((-2, -1))
        factor = torch.as_tensor(self.decoder.scale_factor, device=output.device)
        confidence = sample_at(heatmaps.to(share), positions)
        return Pose2p5D(positions * factor.to(positions), relative, confidence, heatmaps)

    def lift(self, pose: Pose2p5D, samples: Sequence) -> Reconstruction:
        """Normalised 3D poses in camera coordinates (Eq. 2, 3), in float32."""
        K, dist = camera_of(samples, pose.pixels)
        return reconstruct(pose.pixels.float(), pose.relative.float(), K, self.pair, dist)

    def points(self, pose: Pose2p5D, samples: Sequence) -> Optional[Tensor]:
        """Predicted 3D poses in camera coordinates, (B, J, 3).

        In mm with ``limbs``, else normalised; NaN where the root depth is not defined;
        None where a sample has no ``input_K``.
        """
        if not all('input_K' in s.metainfo for s in samples):
            return None
        lifted = self.lift(pose, samples)
        scale = torch.ones_like(lifted.points[:, 0, 0])
        if self.limbs:
            scale = scale_from_limbs(lifted.points, self.limbs, self.mean_lengths)
        points = lifted.points * scale[:, None, None]
        return points.masked_fill(~lifted.valid[:, None, None], float('nan'))

    def length_left(self, pose: Pose2p5D, samples: Sequence) -> Tensor:
        """Discriminants of the root depths, (B, ); at most 1, below 0 undefined."""
        K, dist = camera_of(samples, pose.pixels)
        return length_left(rays(pose.pixels.float(), K, dist), pose.relative.float(), self.pair)

    def loss(self, feats, batch_data_samples, train_cfg: dict = {}) -> dict:
        """Heatmap and depth losses (Iqbal20, Eq. 6).

        The depth loss is the mean over all joints of the batch, unknown ones included;
        there is none where no sample has ``relative_depth``.

        Raises:
            ValueError: Only some samples have ``relative_depth``.
        """
        pose = self.pose(feats)
        heatmaps = torch.stack([d.gt_fields.heatmaps for d in batch_data_samples])
        labels = [d.gt_instance_labels for d in batch_data_samples]
        weights = torch.cat([label.keypoint_weights for label in labels])
        losses = dict(loss_kpt=self.loss_module(pose.heatmaps, heatmaps, weights))
        with_depth = ['relative_depth' in label for label in labels]
        if any(with_depth):
            if not all(with_depth):
                path = batch_data_samples[with_depth.index(False)].get('img_path')
                raise ValueError(
                    f'{path} has no relative_depth, which others of its batch have: '
                    'put InputCamera into the pipeline of every data set, with '
                    'with_depth=False where the 3D pose is not to be used'
                )
            truth = torch.cat([label.relative_depth for label in labels])
            known = torch.cat([label.relative_depth_weights for label in labels])
            squared = (pose.relative - truth) ** 2 * known
            losses['loss_depth'] = self.depth_weight * squared.mean()
        return losses

    def predict(self, feats, batch_data_samples, test_cfg: dict = {}):
        """Keypoints in input pixels, and 3D poses in camera coordinates.

        ``test_cfg``: ``flip_test`` is refused; ``output_heatmaps`` as in MMPose.
        """
        if test_cfg.get('flip_test', False):
            raise ValueError(
                'Heatmap2p5DHead has no flip test: a mirrored image has '
                'another camera; set test_cfg=dict(flip_test=False)'
            )
        pose = self.pose(feats)
        points = self.points(pose, batch_data_samples)
        if points is not None:
            points = points.cpu().numpy()
        result = []
        for index in range(len(pose.pixels)):
            instance = InstanceData(
                keypoints=pose.pixels[index : index + 1].cpu().numpy(),
                keypoint_scores=pose.confidence[index : index + 1].cpu().numpy(),
                relative_depth=pose.relative[index : index + 1].cpu().numpy(),
            )
            if points is not None:
                instance.keypoints_3d = points[index : index + 1]
            result.append(instance)
        if test_cfg.get('output_heatmaps', False):
            return result, [PixelData(heatmaps=h) for h in pose.heatmaps.detach()]
        return result
