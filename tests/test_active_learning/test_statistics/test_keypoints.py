"""Keypoints are those of the mean heatmaps, in pixels of the image."""

import numpy as np
import torch

from mmpose_al.active_learning.statistics import Keypoints
from mmpose_al.geometry.heatmaps import gaussians
from tests.test_active_learning.test_statistics.batches import batch_of, deep, make_batch


def test_by_hand():
    """A peak on pixel (2, 3) of the heatmap is at (8, 12) of the input, a crop of 64 x 96."""
    centers = torch.tensor([2.0, 3]).expand(3, 4, 2)
    maps = gaussians(centers, (8, 12), 1.0)
    found = Keypoints().compute(batch_of([0.8 * maps, 1.2 * maps]))
    assert found.shape == (3, 4, 2)
    expected = np.array([[68 + 16 + i, 152 + 24] for i in range(3)])
    assert np.abs(found - expected[:, None]).max() <= 2  # a quarter of a heatmap's pixel


def test_of_a_model_with_depth():
    batch = make_batch(deep())
    with torch.no_grad():
        found = Keypoints().compute(batch)
        assert found.shape == (3, 17, 2)
        np.testing.assert_array_equal(found, batch.to_image(batch.pose.pixels.double().numpy()))
