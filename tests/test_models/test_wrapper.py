"""What MMPose's tools look for, an estimator answers with the network that predicts."""

import copy

import pytest
import torch

from mmpose_al.models.wrapper import EstimatorOfNetworks
from tests.helpers import images, samples
from tests.test_models.test_semi.estimators import build


@pytest.mark.parametrize(
    'kind, predict, expected',
    [
        ('PoseDual', 'ensemble', 'students.0'),
        ('PoseDual', 1, 'students.1'),
        ('MeanTeacherPose', 'teacher', 'teacher'),
        ('MeanTeacherPose', 0, 'students.0'),
    ],
)
def test_backbone_and_head_are_those_of_the_network_that_predicts(kind, predict, expected):
    model = build(kind, test_cfg=dict(predict=predict), backbone=dict())
    network = model.get_submodule(expected)
    assert model.backbone is network.backbone and model.head is network.head
    assert model.neck is getattr(network, 'neck', None)
    names = list(model.state_dict())
    assert len(names) == len(set(names))
    assert {name.split('.')[0] for name in names} <= {'students', 'teacher', 'steps'}


def test_a_backbone_of_the_estimator_itself_is_refused():
    with pytest.raises(ValueError, match="model.backbone is .*'ResNet'.*backbone=dict()"):
        build('PoseCons', backbone=dict(type='ResNet', depth=18))


def test_the_estimators_test_cfg_comes_before_the_networks():
    torch.manual_seed(0)
    plain, asked = build('PoseDual'), build('PoseDual', test_cfg=dict(flip_test=True))
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), asked.parameters()))
    for network in plain.students:
        network.test_cfg = dict(flip_test=True)
    batch, two = images(2), samples([True, True])
    found = [m.eval().predict(batch, copy.deepcopy(two)) for m in (plain, asked)]
    for one, other in zip(*found):
        scores = [s.pred_instances.keypoint_scores for s in (one, other)]
        assert (scores[0] == scores[1]).all()
    unflipped = build('PoseDual').eval().predict(batch, copy.deepcopy(two))
    assert (unflipped[0].pred_instances.keypoint_scores != scores[0]).any()
    assert asked.students[0].test_cfg == build('PoseDual').students[0].test_cfg  # as it was
    asked.test_cfg['output_heatmaps'] = True  # what MMPose's inferencer sets
    assert asked.predict(batch, two)[0].pred_fields.heatmaps.shape == (4, 12, 8)


@pytest.mark.parametrize('kind', ['PoseCons', 'MeanTeacherPose'])
def test_one_network_that_predicts_takes_the_options_too(kind):
    model = build(kind, test_cfg=dict(output_heatmaps=True)).eval()
    assert 'pred_fields' in model.predict(images(1), samples([True]))[0]


def test_the_counter_of_flops_finds_its_method():
    model = build('PoseDual').eval()
    batch = images(1)
    expected = model(batch)
    model.forward = model._forward  # as MMPose's tool does
    assert torch.equal(model(batch), expected)


def test_modes_are_mmengines():
    with pytest.raises(ValueError, match="mode is 'loss', 'predict' or 'tensor'; got 'train'"):
        build('PoseDual')(images(1), mode='train')


def test_a_subclass_says_who_predicts():
    with pytest.raises(NotImplementedError):
        EstimatorOfNetworks()(torch.zeros(1, 3, 8, 8))
