"""Confidence is the maximum of a heatmap, or what the head says."""

import numpy as np
import torch

from mmpose_al.active_learning.statistics import Scores
from tests.test_active_learning.test_statistics.batches import batch_of, deep, make_batch


def test_the_maximum_of_the_mean_heatmaps():
    one, other = torch.rand(2, 3, 4, 12, 8)
    found = Scores().compute(batch_of([one, other]))
    np.testing.assert_array_equal(found, ((one + other) / 2).amax((-2, -1)).numpy())


def test_of_a_model_with_depth():
    batch = make_batch(deep())
    with torch.no_grad():
        found = Scores().compute(batch)
    np.testing.assert_array_equal(found, batch.pose.confidence.double().numpy())
