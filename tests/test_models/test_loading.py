"""An estimator takes a checkpoint as a whole or not at all, whoever loads it."""

import copy

import pytest
import torch
from mmengine.runner.checkpoint import load_checkpoint
from mmpose.registry import MODELS

from mmpose_al.models.loading import load_fitting, networks_of, state_of
from tests.helpers import student

DUAL = dict(type='PoseDual', students=student())


@pytest.fixture
def saved(tmp_path):
    """Writes a state as a checkpoint."""

    def save(state):
        path = str(tmp_path / 'x.pth')
        torch.save(dict(meta=dict(), state_dict=state), path)
        return path

    return save


def test_what_fits_is_loaded_and_the_rest_told():
    model = MODELS.build(student())
    state = {k: torch.full_like(v, 2) for k, v in MODELS.build(student()).state_dict().items()}
    assert load_fitting(model, state) and str(load_fitting(model, state)) == ''
    assert all((v == 2).all() for v in model.state_dict().values())
    state['head.final_layer.bias'] = torch.zeros(7)
    state['neck.weight'] = state.pop('head.final_layer.weight')
    fit = load_fitting(model, state)
    assert not fit and fit.missing == ['head.final_layer.weight']
    assert fit.unexpected == ['neck.weight'] and list(fit.faults) == ['head.final_layer.bias']
    total = len(model.state_dict())
    assert f'1 of the {total} tensors of the model are not in the checkpoint' in str(fit)
    assert 'size mismatch for head.final_layer.bias' in str(fit)


def test_names_of_old_mmpose_and_counts_of_batchnorm_are_no_fault():
    model = MODELS.build(student())
    state = {
        k.replace('head.', 'keypoint_head.'): v
        for k, v in model.state_dict().items()
        if 'num_batches_tracked' not in k
    }
    assert load_fitting(model, state)


def test_a_whole_checkpoint_loads(saved):
    model = MODELS.build(DUAL)
    path = saved({k: torch.full_like(v, 3) for k, v in model.state_dict().items()})
    load_checkpoint(model, path, logger='silent')
    assert all((v == 3).all() for v in model.state_dict().values())
    again = copy.deepcopy(model)
    again.load_state_dict(model.state_dict())


@pytest.mark.parametrize('strict', [True, False])
@pytest.mark.parametrize('kind', ['network', 'part', 'shape', 'more'])
def test_another_checkpoint_is_refused(saved, strict, kind):
    model = MODELS.build(DUAL)
    state = model.state_dict()
    if kind == 'network':
        state = MODELS.build(student()).state_dict()
    elif kind == 'part':
        state = {k: v for k, v in state.items() if not k.startswith('students.1.head')}
    elif kind == 'shape':
        state = MODELS.build(dict(type='PoseDual', students=student(5))).state_dict()
    else:
        state['teacher.head.final_layer.bias'] = torch.zeros(4)
    with pytest.raises(ValueError, match='not one of this PoseDual: .* own config'):
        load_checkpoint(model, saved(state), strict=strict, logger='silent')
    with pytest.raises(ValueError, match='not one of this PoseDual'):
        model.load_state_dict(state, strict=strict)


def test_a_mean_teacher_is_no_posecons(saved):
    mean = MODELS.build(dict(type='MeanTeacherPose', students=student()))
    alone = MODELS.build(dict(type='PoseCons', students=student()))
    with pytest.raises(ValueError, match='not in the model .first: steps'):
        load_checkpoint(alone, saved(mean.state_dict()), logger='silent')


def test_a_checkpoint_in_any_form():
    tensors = dict(a=torch.zeros(1))
    for form in (tensors, dict(state_dict=tensors), dict(state_dict={'module.a': tensors['a']})):
        assert list(state_of(form)) == ['a']
    for form in (dict(), dict(meta=1), dict(state_dict=dict()), dict(state_dict=3)):
        with pytest.raises(ValueError, match='no tensor in it|no dict of tensors'):
            state_of(form)
    with pytest.raises(ValueError, match='holds a TopdownPoseEstimator'):
        state_of(MODELS.build(student()))
    with pytest.raises(ValueError, match='b has numbers that are not finite'):
        state_of(dict(tensors, b=torch.tensor([1.0, float('nan')])))


def test_networks():
    names = ['students.10.a', 'students.2.b', 'teacher.a', 'steps', 'network.x']
    assert networks_of(names) == ['network', 'students.10', 'students.2', 'teacher']
    assert networks_of(['head.teacher.a', 'backbone.students.0.b']) == []
