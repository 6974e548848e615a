"""Losses of depths that are known, by hand."""

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from mmpose_al.analysis.view_losses import joint_errors, losses_of_depths, show
from mmpose_al.models.heads.heatmap_2p5d import Pose2p5D


def test_losses_of_true_and_flat_depths_by_hand():
    class Model:
        """A loss that is the mean depth, and one that is not counted."""

        @staticmethod
        def view_losses(pose, samples):
            return dict(unsup_loss_limbs=pose.relative.mean(), masked_poses=torch.tensor(5.0))

    labels = InstanceData(
        relative_depth=torch.tensor([[1.0, 2.0]]), keypoint_weights=np.array([[1.0, 1.0]])
    )
    sample = PoseDataSample(gt_instance_labels=labels)
    heatmaps = torch.zeros(2, 8, 8)
    heatmaps[0, 1, 1] = heatmaps[1, 5, 4] = 1.0
    sample.gt_fields = PixelData(heatmaps=heatmaps)
    pose = Pose2p5D(
        torch.tensor([[[1.0, 1.0], [4.0, 7.0]]]),
        torch.tensor([[4.0, 0.0]]),
        torch.ones(1, 2),
        heatmaps[None],
    )
    rows = losses_of_depths(Model, pose, [sample])
    assert {name: values['sum'] for name, values in rows.items()} == dict(
        predicted=2.0, true=1.5, flat=0.0
    )

    class Decoder:
        @staticmethod
        def decode(maps):
            return np.array([[[1.0, 1.0], [4.0, 5.0]]]), np.ones((1, 2))

    errors = joint_errors(pose, [sample], Decoder)
    assert errors.tolist() == [0.0, 0.5]  # 2 of 4 pixels
    text = show(rows, errors)
    assert 'off by 25.0 %' in text and 'Flat depths have the lowest sum' in text
    rows['true']['sum'] = -1.0
    assert 'The true depths have the lowest sum' in show(rows, errors)
