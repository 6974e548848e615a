"""The mean over the keypoints, of heatmaps worked out by hand."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.active_learning.statistics import Entropy
from mmpose_al.geometry.heatmaps import local_peaks, multi_peak_entropy
from mmpose_al.geometry.simcc import AxisPeaks
from tests.test_active_learning.test_statistics.batches import batch_of, make_batch
from tests.test_models.test_semi.keypoint_heads import rtmpose


def two_peaks(first, second):
    heatmaps = torch.zeros(1, 1, 12, 8)
    heatmaps[0, 0, 2, 3], heatmaps[0, 0, 9, 6] = first, second
    return heatmaps


def test_by_hand():
    found = Entropy().compute(batch_of([torch.cat([two_peaks(0.9, 0.0), two_peaks(0.7, 0.7)], 1)]))
    assert found.tolist() == pytest.approx([np.log(2) / 2], rel=1e-5)


def test_the_mean_over_keypoints():
    heatmaps = torch.rand(3, 4, 12, 8, generator=torch.Generator().manual_seed(0))
    found = Entropy().compute(batch_of([heatmaps]))
    each = multi_peak_entropy(heatmaps, local_peaks(heatmaps))
    assert found.tolist() == pytest.approx(each.mean(1).tolist())


def test_of_simcc_by_hand():
    """The mean over two keypoints: two peaks in x and two in y, and one of each."""
    batch = make_batch(MODELS.build(rtmpose()).eval())
    x, y = torch.tensor([[[0.7, 0, 0.3], [1, 0, 0]]]), torch.tensor([[[0.6, 0, 0.4], [0, 1, 0]]])
    batch.__dict__['peaks'] = AxisPeaks(x.log(), y.log())
    expected = (0.6109 + 0.6730 + 0) / 2
    assert Entropy().compute(batch).tolist() == pytest.approx([expected], abs=1e-4)
