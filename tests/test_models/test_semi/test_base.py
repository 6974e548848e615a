"""What all estimators share: the labelled part, who predicts, their arguments."""

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner.checkpoint import save_checkpoint
from mmpose.registry import MODELS

from mmpose_al.models.semi.base import PATIENCE
from mmpose_al.models.semi.networks import predict_heatmaps
from tests.helpers import PREPROCESSOR, images, samples, student
from tests.test_models.test_semi.estimators import build


def test_supervised_part_is_the_students_own_loss():
    model = build('PoseDual')
    batch, data = images(4), samples([False, True, False, True])
    losses = model.loss(batch, data)
    for index in (0, 1):
        own = model.students[index].loss(batch[[1, 3]], [data[1], data[3]])
        assert float(losses[f'sup_student{index}_loss_kpt']) == pytest.approx(
            float(own['loss_kpt']), rel=1e-6
        )
    names = {k for k in losses if 'loss' in k}
    assert names == {f'{part}_student{i}_loss_kpt' for part in ('sup', 'unsup') for i in (0, 1)}


@pytest.mark.parametrize('start', [0, 7])
def test_batches_without_an_unlabelled_sample_end_the_training(start):
    model = build('PoseDual', start=start)
    hub = MessageHub.get_current_instance()
    batch, data = images(2), samples([True, True])
    try:
        for iteration in range(start + PATIENCE - 1):
            hub.update_info('iter', iteration)
            model.loss(batch, data)
        hub.update_info('iter', start + PATIENCE - 1)
        with pytest.raises(ValueError, match='(?s)none of the first 20.*unlabeled=dict'):
            model.loss(batch, data)
    finally:
        hub.update_info('iter', 0)


def test_students_that_are_told_to_need_no_unlabelled_sample():
    model = build('PoseDual', start=None)
    for _ in range(PATIENCE + 5):
        assert 'unsup_student0_loss_kpt' not in model.loss(images(1), samples([True]))


def test_one_unlabelled_sample_is_enough_for_the_watch():
    model = build('PoseCons')
    model.loss(images(2), samples([True, False]))
    for _ in range(PATIENCE + 5):
        model.loss(images(1), samples([True]))


@pytest.mark.parametrize('name', ['PoseDual', 'DenoisedPoseDual', 'MultiPathPose'])
def test_equal_students_are_refused_at_the_first_step(name):
    model = build(name, [student(), student()])
    model.students[1].load_state_dict(model.students[0].state_dict())
    with pytest.raises(ValueError, match='student 0 and student 1 have the same weights.*init_cfg'):
        model.loss(images(2), samples([True, False]))
    model = build(name, [student(), student()])
    model.students[1].load_state_dict(model.students[0].state_dict())
    model.students[1].head.final_layer.bias.data += 1
    model.loss(images(2), samples([True, False]))


def test_one_checkpoint_for_both_students_is_refused(tmp_path):
    path = str(tmp_path / 'one.pth')
    save_checkpoint(dict(state_dict=MODELS.build(student()).state_dict()), path)
    config = dict(student(), init_cfg=dict(type='Pretrained', checkpoint=path))
    model = MODELS.build(dict(type='PoseDual', students=config, data_preprocessor=PREPROCESSOR))
    model.init_weights()
    with pytest.raises(ValueError, match='the same weights'):
        model.loss(images(2), samples([True, False]))


def test_predict_gives_each_student_and_the_ensemble():
    model = build('PoseDual').eval()
    batch = images(2)
    result = model.predict(batch, samples([True, True]))
    with torch.no_grad():
        maps = [predict_heatmaps(s, batch) for s in model.students]
    for index in (0, 1):
        alone = model.students[index].predict(batch, samples([True, True]))
        for got, expected in zip(result, alone):
            mine = getattr(got, f'pred_instances_student{index}')
            assert (mine.keypoints == expected.pred_instances.keypoints).all()
    mean = torch.stack(maps).mean(0)
    scores = mean.flatten(2).max(-1).values
    for got, expected in zip(result, scores):
        assert got.pred_instances.keypoint_scores[0] == pytest.approx(expected.numpy(), rel=1e-5)
    assert torch.allclose(model(batch, mode='tensor'), mean)
    assert 'pred_fields' not in result[0]
    for network in model.students:
        network.test_cfg['output_heatmaps'] = True
    fields = [sample.pred_fields.heatmaps for sample in model.predict(batch, samples([True, True]))]
    assert torch.allclose(torch.stack(fields), mean)
    only = build('PoseDual', test_cfg=dict(predict=1)).eval()
    sample = only.predict(batch, samples([True, True]))[0]
    assert 'pred_instances_student0' not in sample
    assert torch.allclose(only(batch, mode='tensor'), predict_heatmaps(only.students[1], batch))


def test_mmposes_own_inference_takes_the_estimators(tmp_path):
    from mmengine.config import Config
    from mmpose.apis import inference_topdown, init_model

    size = (32, 48)
    config = Config(
        dict(
            default_scope='mmpose',
            model=dict(
                type='PoseDual',
                backbone=dict(),
                students=student(num_joints=17),
                data_preprocessor=PREPROCESSOR,
            ),
            test_dataloader=dict(
                dataset=dict(
                    type='CocoDataset',
                    pipeline=[
                        dict(type='LoadImage'),
                        dict(type='GetBBoxCenterScale'),
                        dict(type='TopdownAffine', input_size=size),
                        dict(type='PackPoseInputs'),
                    ],
                )
            ),
        )
    )
    model = init_model(config, device='cpu')
    (result,) = inference_topdown(model, np.zeros((60, 50, 3), np.uint8))
    assert result.pred_instances.keypoints.shape == (1, 17, 2)


def test_configuration_errors():
    regression = student()
    regression['head'] = dict(type='RegressionHead', in_channels=8, num_joints=4)
    with pytest.raises(ValueError, match='heatmaps'):
        build('PoseCons', regression)
    with pytest.raises(ValueError, match='students of PoseCons is 1; got 2'):
        build('PoseCons', [student(), student()])
    with pytest.raises(ValueError, match='data_preprocessor'):
        build('PoseDual', dict(student(), data_preprocessor=dict(PREPROCESSOR, bgr_to_rgb=False)))
    with pytest.raises(ValueError, match='predict'):
        build('PoseDual', test_cfg=dict(predict=2))
    with pytest.raises(ValueError, match='students of PoseDual is 2; got 3'):
        build('PoseDual', [student()] * 3)
    with pytest.raises(ValueError, match='teacher_statistics'):
        build('PoseCons', teacher_statistics='none')
    for bad in (dict(rotation=-1), dict(scale=(1.5, 0.5)), dict(flip_prob=2)):
        with pytest.raises(ValueError):
            build('PoseCons', hard_view=dict(type='AffineViews', **bad))


@pytest.mark.parametrize(
    'name, key',
    [
        ('DenoisedPoseDual', 'detach'),  # of the collapse study
        ('DenoisedPoseDual', 'easy_view'),
        ('MultiViewPoseDual', 'easy_view'),
        ('MeanTeacherPose', 'teacher'),  # is the student's moving average
    ],
)
def test_what_a_method_does_not_have_is_no_argument_of_it(name, key):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{key}'"):
        build(name, **{key: None})


def test_a_test_option_that_is_misspelt_is_refused():
    for key, near in (('predikt', 'predict'), ('flip_tset', 'flip_test')):
        with pytest.raises(ValueError, match=f"{key}', which nothing reads; did you mean '{near}'"):
            build('PoseDual', test_cfg={key: True})
    build('PoseDual', test_cfg=dict(flip_test=False, own_option=3))
