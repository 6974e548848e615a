"""HeatmapConsistencyLoss by hand."""

import pytest
import torch
from mmpose.registry import MODELS

import mmpose_al.models  # noqa: F401


@pytest.mark.parametrize('use_mask, expected', [(True, 0.09), (False, 0.10)])
def test_joint_weights_by_hand(use_mask, expected):
    loss = MODELS.build(dict(type='HeatmapConsistencyLoss', use_mask=use_mask))
    output = torch.zeros(1, 2, 1, 2)
    target = torch.tensor([[[[0.3, 0.1]], [[0.5, 0.1]]]])
    mask = torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2)
    weight = torch.tensor([[1.0, 0.0]])
    assert float(loss(output, target, mask, None, weight)) == pytest.approx(expected / 4)


def test_confidence_mask_and_foreground_weight_by_hand():
    loss = MODELS.build(dict(type='HeatmapConsistencyLoss', min_confidence=0.4))
    output = torch.zeros(1, 2, 1, 2)
    target = torch.tensor([[[[0.3, 0.1]], [[0.5, 0.1]]]])
    confidence = target.flatten(2).amax(-1)
    # only the second joint: (0.25 + 0.01) over 4 pixels
    assert float(loss(output, target, None, confidence)) == pytest.approx(0.065)
    loss = MODELS.build(dict(type='HeatmapConsistencyLoss', foreground_weight=2.0))
    # 0.09 * 1.6 + 0.01 * 1.2 + 0.25 * 2 + 0.01 * 1.2
    assert float(loss(output, target)) == pytest.approx(0.668 / 4)
    with pytest.raises(ValueError, match='foreground_weight'):
        MODELS.build(dict(type='HeatmapConsistencyLoss', foreground_weight=-1))
