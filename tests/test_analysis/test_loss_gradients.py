"""Gradients of losses, by hand."""

import torch
from torch import nn

from mmpose_al.analysis.loss_gradients import gradient_norms


class TwoMaps(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Parameter(torch.tensor(2.0))
        self.head = nn.Module()
        self.head.final_layer = nn.Conv2d(1, 2, 1, bias=False)


def test_gradient_norms_by_hand():
    model = TwoMaps()
    weight = model.head.final_layer.weight
    with torch.no_grad():
        weight.fill_(5.0)
    losses = dict(
        loss_a=3 * weight[0].sum() * model.shared, loss_b=4 * weight[1].sum(), count=weight.sum()
    )
    found = gradient_norms(losses, model, num_joints=1)
    assert set(found) == {'loss_a', 'loss_b'}
    a, b = found['loss_a'], found['loss_b']
    # 3 w s with w = 5 and s = 2
    assert (a['value'], a['heatmaps'], a['depths'], a['shared']) == (30, 6, 0, 15)
    assert (b['heatmaps'], b['depths'], b['shared']) == (0, 4, 0)


def test_gradient_norms_of_separate_layers_by_hand():
    model = TwoMaps()
    model.head.final_layer = nn.Conv2d(1, 1, 1, bias=False)
    model.head.depth_layers = nn.Conv2d(1, 1, 1, bias=False)
    heat, depth = model.head.final_layer.weight, model.head.depth_layers.weight
    with torch.no_grad():
        heat.fill_(5.0), depth.fill_(7.0)
    loss = (heat.sum() + 3 * depth.sum()) * model.shared
    found = gradient_norms(dict(loss=loss), model, num_joints=1)['loss']
    # (w + 3 d) s with w = 5, d = 7 and s = 2
    assert found == dict(value=52, heatmaps=2, depths=6, shared=26)
