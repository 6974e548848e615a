"""Learning rates of layers, in estimators of several networks."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmpose_al.engine.optimizers import check_constructor, networks_of
from mmpose_al.models.wrapper import EstimatorOfNetworks

LAYERED = 'LayerDecayOptimWrapperConstructor'


class Network(nn.Module):
    """With the names that a vision transformer of MMPose has."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.pos_embed = nn.Parameter(torch.zeros(1, 2, 4))
        self.backbone.patch_embed = nn.Linear(2, 4)
        self.backbone.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.head = nn.Linear(4, 2)


class Two(EstimatorOfNetworks):
    def __init__(self):
        super().__init__()
        self.students = nn.ModuleList([Network(), Network()])

    @property
    def predicting(self):
        return list(self.students)


def rates(model, kind, **paramwise):
    """Name of a weight -> its learning rate."""
    given = dict(num_layers=3, layer_decay_rate=0.5, **paramwise)
    config = dict(
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=1.0),
        constructor=kind,
        paramwise_cfg=given,
    )
    groups = build_optim_wrapper(model, config).optimizer.param_groups
    of = {id(weight): group['lr'] for group in groups for weight in group['params']}
    return {name: of[id(weight)] for name, weight in model.named_parameters()}


def test_each_network_has_the_rates_that_it_has_alone():
    alone = rates(Network(), LAYERED)
    assert alone['backbone.pos_embed'] == 0.5**4 and alone['head.weight'] == 1.0
    assert [alone[f'backbone.layers.{n}.weight'] for n in range(3)] == [0.125, 0.25, 0.5]
    both = rates(Two(), 'NetworksOptimWrapperConstructor', constructor=LAYERED)
    expected = {f'students.{n}.{name}': rate for n in (0, 1) for name, rate in alone.items()}
    assert both == expected
    assert rates(Network(), 'NetworksOptimWrapperConstructor', constructor=LAYERED) == alone


def test_weights_that_do_not_learn_are_left_out():
    model = Two()
    model.teacher = Network().requires_grad_(False)
    assert networks_of(model) == list(model.students)
    model.scale = nn.Parameter(torch.ones(1))
    with pytest.raises(ValueError, match="outside its networks, first 'scale'"):
        networks_of(model)


def test_a_constructor_has_to_be_named():
    with pytest.raises(ValueError, match='paramwise_cfg has no constructor'):
        rates(Two(), 'NetworksOptimWrapperConstructor')


def test_a_constructor_that_takes_all_layers_for_the_last_is_refused():
    with pytest.raises(ValueError, match='(?s)all layers would learn.*NetworksOptimWrapper'):
        check_constructor(dict(constructor=LAYERED), Two())
    for config, model in (
        (dict(constructor=LAYERED), Network()),
        (dict(constructor='NetworksOptimWrapperConstructor'), Two()),
        ({}, Two()),
        (None, Two()),
    ):
        check_constructor(config, model)
