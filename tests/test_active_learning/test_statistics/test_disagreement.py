"""The distance of two networks' peaks, in pixels of the image."""

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.statistics import Disagreement
from mmpose_al.active_learning.statistics.batch import Networks
from tests.test_active_learning.test_statistics.batches import batch_of, deep, dual, plain


def test_by_hand():
    """A pixel of the heatmap is 4 of the input, and the input's are 2 of the image."""
    one, other = torch.zeros(2, 3, 4, 12, 8)
    one[:, :, 2, 3] = other[:, 1:, 2, 3] = 1
    other[:, 0, 5, 7] = 1  # 4 and 3 pixels off, one keypoint of four
    found = Disagreement().compute(batch_of([one, other]))
    assert found == pytest.approx(np.full(3, 5 * 4 * 2 / 4))


def test_what_a_model_lacks():
    lacks = Disagreement().lacks
    assert lacks(Networks(dual())) == ''
    for model in (plain(), deep()):
        assert lacks(Networks(model)).endswith('but the model is a TopdownPoseEstimator')
    assert 'PoseDual' in lacks(Networks(dual(predict=0)))  # unless a strategy asks for it
    assert lacks(Networks(dual(predict=0), every_student=True)) == ''
