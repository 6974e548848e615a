"""EfficientNet-Lite0: shapes, no idle weights, ImageNet weights in their places."""

import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.models.backbones.efficientnet_lite import imagenet_state_dict, load_in_order

pytest.importorskip('timm')


def test_outputs_have_the_documented_strides_and_channels():
    backbone = MODELS.build(
        dict(type='EfficientNetLite0', pretrained=False, out_indices=(0, 1, 2, 3, 4))
    )
    shapes = [tuple(f.shape) for f in backbone(torch.zeros(1, 3, 64, 96))]
    assert shapes == [
        (1, 16, 32, 48),
        (1, 24, 16, 24),
        (1, 40, 8, 12),
        (1, 112, 4, 6),
        (1, 320, 2, 3),
    ]


def test_every_weight_is_used_so_that_ddp_needs_no_search():
    backbone = MODELS.build(dict(type='EfficientNetLite0', pretrained=False, out_indices=(3,)))
    backbone(torch.randn(2, 3, 64, 64))[0].sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())


def test_imagenet_weights_are_in_and_survive_initialisation():
    tensors = imagenet_state_dict()
    assert len(tensors) == 296
    backbone = MODELS.build(dict(type='EfficientNetLite0', out_indices=(4,)))
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    backbone.init_weights()
    stem = next(iter(tensors.values()))
    assert torch.equal(backbone.network.conv_stem.weight, stem)
    assert all(torch.equal(v, before[k]) for k, v in backbone.state_dict().items())


def test_tensors_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match='1 tensors for a network of 2'):
        load_in_order(torch.nn.Linear(2, 3), dict(a=torch.zeros(3, 2)))
    with pytest.raises(ValueError, match='does not fit'):
        load_in_order(torch.nn.Linear(2, 3), dict(a=torch.zeros(2, 2), b=torch.zeros(3)))
