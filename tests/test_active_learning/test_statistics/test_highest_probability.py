"""The highest value of a softmax, worked out by hand."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.active_learning.statistics import HighestProbability
from mmpose_al.geometry.simcc import AxisPeaks
from tests.test_active_learning.test_statistics.batches import batch_of, make_batch
from tests.test_models.test_semi.keypoint_heads import rtmpose


def test_by_hand():
    heatmaps = torch.zeros(1, 2, 12, 8)
    heatmaps[0, 0, 2, 3], heatmaps[0, 1, 9, 6] = 3.0, 1.0
    found = HighestProbability().compute(batch_of([heatmaps]))
    each = [np.exp(3) / (95 + np.exp(3)), np.exp(1) / (95 + np.exp(1))]
    assert found.tolist() == pytest.approx([np.mean(each)], rel=1e-5)


def test_of_simcc_by_hand():
    """The mean over two keypoints: two peaks in x and two in y, and one of each."""
    batch = make_batch(MODELS.build(rtmpose()).eval())
    x, y = torch.tensor([[[0.7, 0, 0.3], [1, 0, 0]]]), torch.tensor([[[0.6, 0, 0.4], [0, 1, 0]]])
    batch.__dict__['peaks'] = AxisPeaks(x.log(), y.log())
    expected = (0.7 * 0.6 + 1) / 2
    assert HighestProbability().compute(batch).tolist() == pytest.approx([expected])
