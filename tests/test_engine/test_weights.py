"""``load_cfg``: which network of a checkpoint starts which of a model."""

import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.engine.weights import LoadSettings, load_whole, read_load_settings, start_from
from tests.helpers import student

DUAL = dict(type='PoseDual', students=student())
MEAN = dict(type='MeanTeacherPose', students=student())


def build(config, value=None):
    """A model, all of whose tensors hold a value."""
    model = MODELS.build(dict(config))
    if value is not None:
        model.load_state_dict({k: torch.full_like(v, value) for k, v in model.state_dict().items()})
    return model


def state(config, value):
    return build(config, value).state_dict()


def values(model, beginning):
    """What the tensors of that name hold, where each holds one value."""
    return {
        float(v.float().mean()) for k, v in model.state_dict().items() if k.startswith(beginning)
    }


def settings(**given):
    return read_load_settings(dict(load_cfg=given))


def test_settings():
    assert read_load_settings({}) == LoadSettings()
    given = settings(network='teacher', into='students', leave_out=['head.'])
    assert given == LoadSettings('teacher', ('students',), ('head.',))


@pytest.mark.parametrize(
    'given, said',
    [
        (dict(nettwork='teacher'), "load_cfg has 'nettwork'; it may have network, into"),
        (dict(network=1), "load_cfg.network is a name, 'students.0'; got 1"),
        (dict(into=3), 'load_cfg.into is a list of names; got 3'),
        (dict(leave_out=['']), 'load_cfg.leave_out is a list of names'),
    ],
)
def test_settings_that_cannot_be(given, said):
    with pytest.raises(ValueError, match=said):
        settings(**given)


def test_one_network_starts_students():
    model = build(DUAL, 1)
    start_from(model, state(student(), 5), settings(into='students.1'))
    assert values(model, 'students.0') == {1} and values(model, 'students.1') == {5}
    start_from(model, state(student(), 6), settings(into='students', leave_out=['head.']))
    assert values(model, 'students.0.backbone') == values(model, 'students.1.backbone') == {6}
    assert values(model, 'students.0.head') == {1} and values(model, 'students.1.head') == {5}


def test_a_moving_average_starts_with_its_student():
    model = build(MEAN, 1)
    start_from(model, state(student(), 5), settings(into='students'))
    assert values(model, 'students.0') == values(model, 'teacher') == {5}
    assert values(model, 'steps') == {1}


def test_one_network_of_an_estimator_starts_another():
    whole = state(MEAN, 1)
    whole.update({k: torch.full_like(v, 7) for k, v in whole.items() if k.startswith('teacher')})
    alone = build(student(), 0)
    start_from(alone, whole, settings(network='teacher'))
    assert values(alone, '') == {7}
    dual = build(DUAL, 0)
    start_from(dual, whole, settings(network='students.0', into=['students.0']))
    assert values(dual, 'students.0') == {1} and values(dual, 'students.1') == {0}


def test_another_number_of_joints_is_said_or_refused():
    model = build(student(5), 1)
    with pytest.raises(ValueError, match=r"2 do not fit .*leave_out=\['head.final_layer'\]"):
        start_from(model, state(student(4), 5), settings())
    model = build(student(5), 1)
    start_from(model, state(student(4), 5), settings(leave_out='head.final_layer'))
    assert values(model, 'backbone') == {5} and values(model, 'head') == {1}
    old = {k.replace('head.', 'keypoint_head.'): v for k, v in state(student(5), 6).items()}
    start_from(model, old, settings(leave_out='head.final_layer'))
    assert values(model, 'backbone') == {6} and values(model, 'head') == {1}


@pytest.mark.parametrize(
    'model, checkpoint, given, said',
    [
        (DUAL, student(), dict(), "holds one network; .* PoseDual with .*into='students'.*differ"),
        (student(), DUAL, dict(), "holds students.0, students.1; .*extract.*network='students.0'"),
        (DUAL, MEAN, dict(), r"load_cfg = dict\(network='students.0', into='students'\)"),
        (
            student(),
            DUAL,
            dict(network='students.2'),
            'the checkpoint holds students.0, students.1',
        ),
        (student(), student(), dict(network='teacher'), 'holds one network, which has no name'),
        (student(), student(), dict(into='students'), 'TopdownPoseEstimator with no students'),
        (DUAL, student(), dict(into='teacher'), "names 'teacher'; .*students.0, students.1"),
        (student(), student(), dict(leave_out=['backbone', 'head']), 'leaves all of it out'),
        (DUAL, student(), dict(into='students', leave_out='heed'), "leave_out names 'heed'; no"),
        (student(), student(channels=16), dict(), 'size mismatch for backbone'),
    ],
)
def test_starts_that_cannot_be(model, checkpoint, given, said):
    with pytest.raises(ValueError, match=said):
        start_from(build(model), state(checkpoint, 1), settings(**given))


@pytest.mark.parametrize(
    'model, checkpoint, said',
    [
        (DUAL, student(), 'holds one network.*Take the config that the checkpoint was trained'),
        (student(), MEAN, 'holds students.0, teacher; .*`mmpose-al extract CHECKPOINT OUT` writes'),
        (student(), student(5), 'size mismatch for head.final_layer.weight'),
    ],
)
def test_a_test_takes_a_whole_checkpoint(model, checkpoint, said):
    with pytest.raises(ValueError, match=said) as refused:
        load_whole(build(model), state(checkpoint, 1))
    assert 'load_cfg' not in str(refused.value)
    whole = build(model, 0)
    load_whole(whole, state(model, 4))
    assert values(whole, '') == {4}
