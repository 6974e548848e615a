"""Small estimators for the tests of this folder."""

import torch
from mmengine.config import ConfigDict
from mmpose.registry import MODELS

from mmpose_al.models.semi.networks import predict_heatmaps, teacher_mode
from tests.helpers import PREPROCESSOR, student

SAME_VIEW = dict(type='AffineViews', rotation=0, scale=(1, 1))


def build(type_, students=None, **kwargs):
    torch.manual_seed(0)
    model = MODELS.build(
        ConfigDict(
            type=type_, students=students or student(), data_preprocessor=PREPROCESSOR, **kwargs
        )
    )
    model.init_weights()
    for parameter in model.parameters():  # the heads start near zero
        torch.nn.init.normal_(parameter, std=0.3)
    return model.train()


def heatmaps_of(model, index, batch):
    with torch.no_grad(), teacher_mode(model.students[index], 'batch'):
        return predict_heatmaps(model.students[index], batch)


def gradients(model, loss):
    parameters = [[p for p in s.parameters() if p.requires_grad] for s in model.students]
    flat = torch.autograd.grad(loss, sum(parameters, []), allow_unused=True, retain_graph=True)
    first = flat[: len(parameters[0])]
    second = flat[len(parameters[0]) :]
    return [
        any(g is not None and bool(g.abs().sum() > 0) for g in part) for part in (first, second)
    ]
