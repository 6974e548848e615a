"""The highest value of a softmax, worked out by hand."""

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.statistics import HighestProbability
from tests.test_active_learning.test_statistics.batches import batch_of


def test_by_hand():
    heatmaps = torch.zeros(1, 2, 12, 8)
    heatmaps[0, 0, 2, 3], heatmaps[0, 1, 9, 6] = 3.0, 1.0
    found = HighestProbability().compute(batch_of([heatmaps]))
    each = [np.exp(3) / (95 + np.exp(3)), np.exp(1) / (95 + np.exp(1))]
    assert found.tolist() == pytest.approx([np.mean(each)], rel=1e-5)
