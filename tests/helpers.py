"""Small networks and batches for tests."""

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import nn

PREPROCESSOR = dict(type='PoseDataPreprocessor', mean=[0.0, 0, 0], std=[255.0] * 3, bgr_to_rgb=True)
FLIP = [1, 0, 3, 2]  # of `samples`


@MODELS.register_module(force=True)
class TinyBackbone(nn.Module):
    """Two strided convolutions, with BatchNorm: stride 4, ``channels`` channels."""

    def __init__(self, channels=8, norm=True):
        super().__init__()
        norms = [nn.BatchNorm2d(channels) if norm else nn.Identity() for _ in range(2)]
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 3, 2, 1),
            norms[0],
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 2, 1),
            norms[1],
            nn.ReLU(),
        )

    def forward(self, x):
        return (self.layers(x),)


def codec(input_size=(32, 48), heatmap_size=(8, 12)):
    return dict(type='MSRAHeatmap', input_size=input_size, heatmap_size=heatmap_size, sigma=1.0)


def student(num_joints=4, channels=8, norm=True, **codec_args):
    """Config of a top-down heatmap estimator that takes milliseconds."""
    return dict(
        type='TopdownPoseEstimator',
        backbone=dict(type='TinyBackbone', channels=channels, norm=norm),
        head=dict(
            type='HeatmapHead',
            in_channels=channels,
            out_channels=num_joints,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=codec(**codec_args),
        ),
        train_cfg=dict(compute_acc=False),
        test_cfg=dict(flip_test=False),
    )


def samples(flags, num_joints=4, input_size=(32, 48), heatmap_size=(8, 12), seed=0):
    """Data samples with random targets; ``flags`` tells which are labelled."""
    random = np.random.RandomState(seed)
    result = []
    for index, flag in enumerate(flags):
        sample = PoseDataSample(
            metainfo=dict(
                img_shape=input_size[::-1],
                input_size=input_size,
                input_center=np.array([16.0, 24.0]),
                input_scale=np.array([32.0, 48.0]),
                flip_indices=[1, 0, 3, 2],
                is_labeled=flag,
                aug_seed=1000 + index,
            )
        )
        heatmaps = random.rand(num_joints, *heatmap_size[::-1]).astype(np.float32)
        sample.gt_fields = PixelData(heatmaps=torch.from_numpy(heatmaps))
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, num_joints))
        sample.gt_instances = InstanceData(
            bboxes=np.array([[0.0, 0, 32, 48]]),
            bbox_scores=np.ones(1),
            keypoints=random.rand(1, num_joints, 2) * 30,
            keypoints_visible=np.ones((1, num_joints)),
        )
        result.append(sample)
    return result


def images(num, input_size=(32, 48), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num, 3, *input_size[::-1], generator=generator)
