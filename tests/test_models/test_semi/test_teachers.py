"""PseudoPose, DataDistill, MeanTeacherPose."""

import copy

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner.checkpoint import save_checkpoint
from mmpose.registry import MODELS

from mmpose_al.geometry import affine
from mmpose_al.geometry.heatmaps import gaussians, subpixel_peaks
from mmpose_al.models.semi.networks import predict_heatmaps
from tests.helpers import FLIP, images, samples, student
from tests.test_models.test_semi.estimators import SAME_VIEW, build, heatmaps_of


@pytest.fixture
def checkpoint(tmp_path):
    """A trained teacher: large weights, so that its heatmaps vary."""
    torch.manual_seed(7)
    network = MODELS.build(student())
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    path = str(tmp_path / 'teacher.pth')
    save_checkpoint(dict(state_dict=network.state_dict()), path)
    return path, network.eval()


def with_teacher(type_, path, **kwargs):
    model = build(type_, teacher_checkpoint=path, **kwargs)
    model.init_weights()  # `build` has overwritten what was loaded
    for parameter in model.students.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.train()


def test_autocast_rounds_no_place(checkpoint):
    """Half precision would place a redrawn joint up to an eighth of a pixel off."""
    batch, seeds = images(3), np.arange(3)
    for model in (
        build('PoseDual'),
        build('DenoisedPoseDual'),
        with_teacher('DataDistill', checkpoint[0]),
    ):
        hard = model.hard_view.sample(seeds, (32, 48), batch)
        with torch.autocast('cpu', torch.bfloat16):
            lessons = model.teach(batch, None, hard, seeds, FLIP)
        for lesson in lessons:
            assert {part.dtype for part in lesson if part is not None} == {torch.float32}


@pytest.mark.parametrize('name', ['PseudoPose', 'DataDistill'])
def test_a_student_that_is_its_teacher_is_refused(checkpoint, name):
    model = with_teacher(name, checkpoint[0])
    model.students[0].load_state_dict(model.teacher.state_dict())
    with pytest.raises(ValueError, match='student 0 and the teacher have the same weights'):
        model.loss(images(2), samples([True, False]))


def test_pseudopose_learns_from_the_frozen_teacher(checkpoint):
    path, teacher = checkpoint
    model = with_teacher('PseudoPose', path, hard_view=SAME_VIEW)
    batch, data = images(3), samples([False] * 3)
    with torch.no_grad():
        target = predict_heatmaps(teacher, batch)
    before = copy.deepcopy(model.teacher.state_dict())
    losses = model.loss(batch, data)
    hard = heatmaps_of(model, 0, batch)
    assert float(losses['unsup_loss_kpt']) == pytest.approx(
        float((hard - target).pow(2).mean()), rel=1e-4
    )
    losses['unsup_loss_kpt'].backward()
    assert all(p.grad is None for p in model.teacher.parameters())
    assert all(p.grad is not None for p in model.students.parameters())
    after = model.teacher.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not model.teacher.training and model.students[0].training


def test_pseudopose_needs_a_fitting_checkpoint(checkpoint, tmp_path):
    with pytest.raises(ValueError, match='teacher_checkpoint'):
        build('PseudoPose')
    path = str(tmp_path / 'other.pth')
    save_checkpoint(dict(state_dict=MODELS.build(student(channels=12)).state_dict()), path)
    with pytest.raises(ValueError, match=r'other\.pth.*same network'):
        build('PseudoPose', teacher_checkpoint=path)
    with pytest.raises(ValueError, match='is 1; got 2'):
        build('PseudoPose', [student(), student()])


def test_datadistill_redraws_the_summed_keypoint(checkpoint):
    path, teacher = checkpoint
    model = with_teacher(
        'DataDistill',
        path,
        num_views=2,
        hard_view=dict(type='AffineViews', rotation=30, scale=(0.9, 1.1)),
    )
    batch, seeds = images(3), np.arange(3)
    hard = model.hard_view.sample(seeds, (32, 48), batch)
    (lesson,) = model.teach(batch, None, hard, seeds, FLIP)
    with torch.no_grad():
        total = predict_heatmaps(teacher, batch)
        for number in range(2):
            view = model.views.sample(seeds, (32, 48), batch, f'distill{number}')
            heatmaps = predict_heatmaps(teacher, affine.warp(batch, view.matrix))
            back = affine.warp(heatmaps, affine.rescale(affine.invert(view.matrix), (4, 4)))
            swapped = back[:, FLIP]
            total = total + torch.where(view.flip[:, None, None, None], swapped, back)
    center = subpixel_peaks(total)[0]
    center = affine.transform_points(affine.rescale(hard.matrix, (4, 4)), center)
    expected = gaussians(center, (8, 12), 1.0)
    assert torch.allclose(lesson.target, expected, atol=1e-4)
    assert lesson.mask.min() == 1
    with pytest.raises(ValueError, match='num_views'):
        build('DataDistill', teacher_checkpoint=path, num_views=0)
    with pytest.raises(ValueError, match='sigma is of the Gaussian .* leave it out'):
        build('DataDistill', teacher_checkpoint=path, sigma=2.0, lesson='keypoints')


def test_mean_teacher_follows_weights_and_buffers():
    model = build('MeanTeacherPose', momentum=0.5)
    batch, data = images(4), samples([True, True, False, False])
    norm = 'backbone.layers.1.running_mean'
    model.loss(batch, data)  # step 0: a copy
    start = copy.deepcopy(model.students[0].state_dict())
    for name, value in model.teacher.state_dict().items():
        if name != norm and 'running' not in name and 'num_batches' not in name:
            assert torch.equal(value, start[name]), name
    first = copy.deepcopy(model.teacher.state_dict())
    with torch.no_grad():
        for parameter in model.students.parameters():
            parameter.add_(1.0)
    second = copy.deepcopy(model.students[0].state_dict())
    model.loss(batch, data)  # step 1: 0.5 of each
    for name, value in model.teacher.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, (first[name] + second[name]) / 2, atol=1e-6), name
    assert not torch.equal(model.teacher.state_dict()[norm], first[norm])
    assert int(model.steps) == 2
    assert all(not p.requires_grad for p in model.teacher.parameters())


@pytest.mark.parametrize('optimizer', ['SGD', 'Adam'])
def test_mean_teacher_follows_steps_of_the_optimiser_not_batches(optimizer):
    """Two steps of three batches each."""
    model = build('MeanTeacherPose', momentum=0.5)
    kind = getattr(torch.optim, optimizer)
    wrapper = OptimWrapper(kind(model.students.parameters(), lr=0.1), accumulative_counts=3)
    wrapper.initialize_count_status(model, 0, 9)
    batch, data = images(4), samples([True, True, False, False])
    steps = []
    for _ in range(7):
        loss = sum(v for k, v in model.loss(batch, data).items() if 'loss' in k)
        wrapper.update_params(loss)
        steps.append(int(model.steps))
    assert steps == [1, 1, 1, 2, 2, 2, 3]


def test_mean_teacher_predicts_with_the_teacher_unless_asked():
    model = build('MeanTeacherPose').eval()
    with torch.no_grad():
        for parameter in model.teacher.parameters():
            parameter.mul_(-1)
    batch = images(1)
    teacher = model.predict(batch, samples([True]))[0].pred_instances.keypoint_scores
    model.test_cfg['predict'] = 0
    own = model.predict(batch, samples([True]))[0].pred_instances.keypoint_scores
    assert not np.allclose(teacher, own)
    with pytest.raises(ValueError, match='predict'):
        build('MeanTeacherPose', test_cfg=dict(predict=1))
    with pytest.raises(ValueError, match='momentum'):
        build('MeanTeacherPose', momentum=1.0)


def test_who_predicts_also_scores_a_pool_and_answers_in_tensor_mode():
    """The teacher of MeanTeacherPose, unless the student is asked for."""
    from mmpose_al.active_learning.scoring import scoring_networks

    batch = images(2)
    for which, network in (('teacher', lambda m: m.teacher), (0, lambda m: m.students[0])):
        model = build('MeanTeacherPose', test_cfg=dict(predict=which)).eval()
        assert scoring_networks(model).each == [network(model)]
        assert torch.equal(model(batch, mode='tensor'), predict_heatmaps(network(model), batch))
    dual = build('PoseDual', test_cfg=dict(predict=1))
    assert scoring_networks(dual).each == [dual.students[1]]
    assert scoring_networks(dual, ('disagreement',)).each == list(dual.students)


def test_teachers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'the student predicts .* and the teacher \(5'):
        build('PseudoPose', teacher=student(num_joints=5))
