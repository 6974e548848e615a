"""The distance of two networks' peaks, in pixels of the image."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.active_learning.statistics import Disagreement
from mmpose_al.active_learning.statistics.batch import Networks
from tests.helpers import student
from tests.test_active_learning.test_statistics.batches import (
    batch_of,
    deep,
    dual,
    make_batch,
    plain,
)
from tests.test_models.test_semi.keypoint_heads import rtmpose


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


def test_of_networks_without_common_heatmaps_by_hand():
    """Joints in pixels of the input, of which one is 2 of the image; the third network is none."""
    batch = make_batch(MODELS.build(dict(type='PoseDual', students=rtmpose())).eval())
    one = np.zeros((3, 4, 2))
    other = one.copy()
    other[:, 0] = [3, 4]  # one keypoint of four
    batch.__dict__['every_joints'] = [one, other]
    assert Disagreement().compute(batch) == pytest.approx(np.full(3, 5 * 2 / 4))


def test_joints_of_each_network_are_what_its_codec_decodes():
    model = MODELS.build(dict(type='PoseDual', students=[student(), rtmpose()])).eval()
    batch = make_batch(model)
    for joints, network in zip(batch.every_joints, model.students):
        feats = network.extract_feat(batch.inputs)
        found = network.head.predict(feats, batch.samples, dict(flip_test=False))
        np.testing.assert_allclose(joints, np.concatenate([each.keypoints for each in found]))
