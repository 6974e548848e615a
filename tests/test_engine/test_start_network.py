"""What a training starts from: with weights, without, and with some that are not there."""

import copy

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import nn

from mmpose_al.engine.start_network import start_network, weights_of
from tests.helpers import student


@MODELS.register_module()
class StartBackbone(BaseModule):
    """A convolution of stride 4 that MMEngine initialises."""

    def __init__(self, channels=8, init_cfg=None):
        super().__init__(init_cfg)
        self.layer = nn.Conv2d(3, channels, 4, 4)

    def forward(self, x):
        return (self.layer(x),)


def config(**backbone):
    model = student()
    model['backbone'] = dict(type='StartBackbone', **backbone)
    return Config(dict(model=model))


def test_random_weights_say_nothing():
    found = start_network(config())
    assert found.network is None and 'starts from random weights' in found.weights
    assert found.model is not None


def test_weights_from_a_file(tmp_path):
    source = start_network(config()).model.backbone
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.fill_(0.25)
    path = str(tmp_path / 'weights.pth')
    torch.save(source.state_dict(), path)
    found = start_network(config(init_cfg=dict(type='Pretrained', checkpoint=path)))
    assert found.network is found.model and found.weights == f'weights: {path}'
    assert all((p == 0.25).all() for p in found.network.backbone.parameters())


def test_of_several_networks_the_first(tmp_path):
    path = str(tmp_path / 'weights.pth')
    torch.save(start_network(config()).model.backbone.state_dict(), path)
    one = config(init_cfg=dict(type='Pretrained', checkpoint=path)).model
    dual = Config(dict(model=dict(type='PoseDual', students=one)))
    found = start_network(dual)
    assert found.network is found.model.students[0]


def test_weights_that_are_not_there(tmp_path):
    path = str(tmp_path / 'none.pth')
    found = start_network(config(init_cfg=dict(type='Pretrained', checkpoint=path)))
    assert found.network is None and found.weights.startswith(f'{path} cannot be loaded (')


def test_a_published_checkpoint(tmp_path):
    model = start_network(config()).model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.5)
    path = str(tmp_path / 'published.pth')
    torch.save(dict(state_dict=model.state_dict()), path)
    cfg = config()
    cfg.load_from = path
    found = start_network(cfg, published=True)
    assert all((p == 0.5).all() for p in found.network.parameters())
    assert start_network(cfg).network is None


def test_no_random_number_is_drawn_for_others():
    torch.manual_seed(3)
    cfg = copy.deepcopy(config())
    expected = torch.get_rng_state()
    with pytest.MonkeyPatch.context() as patch:
        built = MODELS.build(cfg.model)
        torch.set_rng_state(expected)
        patch.setattr(MODELS, 'build', lambda _: built)
        start_network(cfg)
    assert torch.equal(torch.get_rng_state(), expected)


def test_backbones_that_bring_their_weights():
    class Own:
        pretrained = True

    network = ConfigDict(backbone=Own())
    assert weights_of(network) == ['those that come with Own']
