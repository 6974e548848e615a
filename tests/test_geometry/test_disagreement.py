"""Poses of several views compared without their cameras."""

import math

import pytest
import torch

from mmpose_al.geometry.alignment import disagreement


def test_moved_poses_agree_and_mirrored_ones_do_not():
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)
    poses = torch.stack([pose, pose @ turn.T + 5, pose - 3])
    assert float(disagreement(poses)) == pytest.approx(0, abs=1e-9)
    mirrored = poses.clone()
    mirrored[1, :, 2] *= -1
    assert float(disagreement(mirrored)) > 0.1


def test_by_hand():
    """Two collinear points 2 and 4 apart: each end is off by 1.
    Scale is not aligned."""
    poses = torch.zeros(1, 3, 2, 3)
    poses[0, 0, 1, 0], poses[0, 1, 1, 1] = 2, 4
    poses[0, 2] = float('nan')  # takes no part
    assert disagreement(poses).tolist() == pytest.approx([1.0])
    poses[0, 1] = float('nan')
    assert math.isnan(disagreement(poses))
