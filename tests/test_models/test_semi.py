"""PoseCons and PoseDual: values by hand, gradients only where Xie21 lets them."""

import copy
from functools import partial

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MessageHub
from mmpose.registry import MODELS
from torch.utils.checkpoint import checkpoint

from mmpose_al.geometry import affine
from mmpose_al.models.semi.networks import predict_heatmaps, teacher_mode
from tests.helpers import PREPROCESSOR, images, samples, student

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


def test_eq4_posecons_by_hand():
    """Without a transform or BatchNorm, teacher and student say the same: loss 0."""
    model = build('PoseCons', student(norm=False), hard_view=SAME_VIEW)
    losses = model.loss(images(2), samples([False, False]))
    assert float(losses['unsup_loss_kpt']) == pytest.approx(0, abs=1e-9)
    assert 'response_labeled' not in losses
    # A hard view brighter by 1: an independent forward pass gives the difference.
    batch = images(2)
    model.hard_images = lambda easy, *_: easy + 1
    got = model.loss(batch, samples([False, False]))['unsup_loss_kpt']
    expected = (
        (
            predict_heatmaps(model.students[0], batch + 1)
            - predict_heatmaps(model.students[0], batch)
        )
        .pow(2)
        .mean()
    )
    assert float(got) == pytest.approx(float(expected), rel=1e-5)


def test_eq7_posedual_by_hand():
    model = build('PoseDual', hard_view=SAME_VIEW)
    batch = images(3)
    easy = [heatmaps_of(model, i, batch) for i in (0, 1)]
    losses = model.loss(batch, samples([False] * 3))
    # The same image goes through both: each loss is the mean squared disagreement.
    expected = float((easy[0] - easy[1]).pow(2).mean())
    assert expected > 1e-3
    assert float(losses['unsup_student0_loss_kpt']) == pytest.approx(expected, rel=1e-4)
    assert float(losses['unsup_student1_loss_kpt']) == pytest.approx(expected, rel=1e-4)
    peak = torch.stack([e.flatten(2).max(-1).values.mean() for e in easy]).mean()
    assert float(losses['response_easy']) == pytest.approx(float(peak), rel=1e-5)


def test_target_is_the_warped_easy_heatmap_where_it_is_known():
    model = build('PoseDual', hard_view=dict(type='AffineViews', rotation=60))
    batch, data = images(3), samples([False] * 3)
    seeds = [s.metainfo['aug_seed'] for s in data]
    matrix, _ = model.hard_view.sample(seeds, (32, 48), batch)
    on_heatmap = affine.rescale(matrix, (4, 4))
    easy = [heatmaps_of(model, i, batch) for i in (0, 1)]
    hard = heatmaps_of(model, 0, affine.warp(batch, matrix))
    mask = affine.valid_mask(on_heatmap, (8, 12))
    assert 0 < float(mask.mean()) < 1
    squared = (hard - affine.warp(easy[1], on_heatmap)) ** 2
    losses = model.loss(batch, data)
    assert float(losses['unsup_student0_loss_kpt']) == pytest.approx(
        float((squared * mask).mean()), rel=1e-4
    )
    model.consistency.use_mask = False
    losses = model.loss(batch, data)
    assert float(losses['unsup_student0_loss_kpt']) == pytest.approx(
        float(squared.mean()), rel=1e-4
    )


def gradients(model, loss):
    parameters = [list(s.parameters()) for s in model.students]
    flat = torch.autograd.grad(loss, sum(parameters, []), allow_unused=True, retain_graph=True)
    first = flat[: len(parameters[0])]
    second = flat[len(parameters[0]) :]
    return [
        any(g is not None and bool(g.abs().sum() > 0) for g in part) for part in (first, second)
    ]


def test_gradient_flows_through_the_hard_path_only():
    model = build('PoseDual')
    losses = model.loss(images(4), samples([True, True, False, False]))
    assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
    assert gradients(model, losses['unsup_student1_loss_kpt']) == [False, True]
    assert gradients(model, losses['sup_student0_loss_kpt']) == [True, False]
    naive = build('PoseDual', detach=False)
    losses = naive.loss(images(2), samples([False, False]))
    assert gradients(naive, losses['unsup_student0_loss_kpt']) == [True, True]


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


@pytest.mark.parametrize('statistics', ['batch', 'running'])
def test_teacher_pass_leaves_batchnorm_alone(statistics):
    model = build('PoseCons')
    network = model.students[0]
    before = copy.deepcopy(dict(network.named_buffers()))
    with torch.no_grad(), teacher_mode(network, statistics):
        seen = predict_heatmaps(network, images(4) * 3 + 1)
    for name, value in network.named_buffers():
        assert torch.equal(value, before[name]), name
    assert all(m.training for m in network.modules())
    # The reference runs on a copy, which may write its buffers.
    other = copy.deepcopy(network).train(statistics == 'batch')
    with torch.no_grad():
        assert torch.equal(seen, predict_heatmaps(other, images(4) * 3 + 1))


@pytest.mark.parametrize('hard', [True, False])
def test_only_labelled_images_make_the_running_statistics_unless_asked(hard):
    model = build('PoseDual', hard_updates_statistics=hard)
    before = copy.deepcopy(dict(model.named_buffers()))
    model.loss(images(4), samples([False] * 4))
    changed = any(not torch.equal(v, before[k]) for k, v in model.named_buffers())
    assert changed is hard
    before = copy.deepcopy(dict(model.named_buffers()))
    model.loss(images(4), samples([True] * 4))
    assert all(
        not torch.equal(v, before[k])
        for k, v in model.named_buffers()
        if k.endswith('running_mean')
    )


def build_resnets(reentrant, **kwargs):
    """PoseDual; its students' blocks are computed again in the backward pass, in the
    way of MMPose's ``with_cp`` or in PyTorch's newer one, or (None) are not."""
    config = student()
    config['backbone'] = dict(type='ResNet', depth=18, out_indices=(0,), with_cp=reentrant is True)
    config['head']['in_channels'] = 64
    model = build('PoseDual', config, **kwargs)
    if reentrant is False:
        for network in model.students:
            for block in network.backbone.layer1:
                block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    return model


@pytest.mark.parametrize('reentrant', [True, False])
@pytest.mark.parametrize('hard', [True, False])
def test_gradient_checkpointing_lets_no_hard_image_in(hard, reentrant):
    model = build_resnets(reentrant, hard_paths=[[], []], hard_updates_statistics=hard)
    before = copy.deepcopy(dict(model.named_buffers()))
    losses = model.loss(images(4), samples([False] * 4))
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    changed = any(not torch.equal(v, before[k]) for k, v in model.named_buffers())
    assert changed is hard
    losses = model.loss(images(4), samples([True] * 4))
    assert all(
        not torch.equal(v, before[k])
        for k, v in model.named_buffers()
        if k.endswith('running_mean')
    )


@pytest.mark.parametrize('reentrant', [True, False])
def test_gradient_checkpointing_changes_neither_statistics_nor_gradient(reentrant):
    batch, data = images(4), samples([True, True, False, False])
    found = []
    for way in (reentrant, None):
        model = build_resnets(way)
        sum(v for k, v in model.loss(batch, data).items() if 'loss' in k).backward()
        found.append((model, [p.grad for p in model.parameters() if p.grad is not None]))
    assert len(found[0][1]) == len(found[1][1]) > 20
    for one, other in zip(*(gradients for _, gradients in found)):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)
    for one, other in zip(*(model.buffers() for model, _ in found)):
        assert torch.allclose(one.float(), other.float())


def test_views_do_not_depend_on_the_batch_they_are_made_in():
    """Two shards see together what one batch sees (BatchNorm aside)."""
    model = build(
        'PoseDual', student(norm=False), hard_augments=[dict(type='JointCutout', num_joints=2)]
    )
    batch, data = images(4), samples([False] * 4)
    whole = model.loss(batch, data)['unsup_student0_loss_kpt']
    parts = [
        model.loss(batch[i : i + 2], data[i : i + 2])['unsup_student0_loss_kpt'] for i in (0, 2)
    ]
    assert float(whole) == pytest.approx(float(sum(parts)) / 2, rel=1e-5)


def test_each_students_image_is_covered_at_its_teachers_joints():
    model = build('PoseDual', hard_augments=[dict(type='JointCutout', num_joints=4)])
    seen = []
    model.hard_paths[0][0].augment = lambda im, kp, seeds: seen.append(kp) or im
    batch = images(2)
    expected = [heatmaps_of(model, i, batch) for i in (1, 0)]
    model.loss(batch, samples([False, False]))
    for keypoints, heatmaps in zip(seen, expected):
        flat = heatmaps.flatten(2).argmax(-1)
        truth = torch.stack([flat % 8, flat // 8], -1) * 4.0
        assert torch.equal(keypoints, truth)


def test_different_backbones_teach_each_other():
    model = build('PoseDual', [student(channels=8), student(channels=12)])
    losses = model.loss(images(4), samples([True, True, False, False]))
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_mirrored_hard_views_swap_left_and_right():
    model = build(
        'PoseCons',
        student(norm=False),
        hard_view=dict(type='AffineViews', rotation=0, scale=(1, 1), flip_prob=1.0),
    )
    batch, data = images(1), samples([False])
    easy = heatmaps_of(model, 0, batch)
    hard = heatmaps_of(model, 0, batch.flip(-1))
    # heatmap pixel x is input pixel 4x; mirrored it is 31 - 4x, at 7.75 - x
    mirrored = torch.zeros_like(easy)
    for x in range(8):
        low = 7 - x
        mirrored[..., x] = 0.25 * easy[..., low] + (0.75 * easy[..., low + 1] if low < 7 else 0)
    target = mirrored[:, [1, 0, 3, 2]]
    mask = torch.ones(8)
    mask[0] = 0  # comes from 7.75: outside
    expected = ((hard - target) ** 2 * mask).mean()
    got = model.loss(batch, data)['unsup_loss_kpt']
    assert float(got) == pytest.approx(float(expected), rel=1e-4)


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
    import numpy as np
    from mmengine.config import Config
    from mmpose.apis import inference_topdown, init_model

    size = (32, 48)
    config = Config(
        dict(
            default_scope='mmpose',
            model=dict(
                type='PoseDual', students=student(num_joints=17), data_preprocessor=PREPROCESSOR
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
    model = init_model(config, device='cpu', cfg_options={})
    (result,) = inference_topdown(model, np.zeros((60, 50, 3), np.uint8))
    assert result.pred_instances.keypoints.shape == (1, 17, 2)


@pytest.mark.parametrize(
    'second, words',
    [
        (student(num_joints=5), r'\(4, 12, 8\).*\(5, 12, 8\)'),
        (student(heatmap_size=(16, 24)), r'\(4, 12, 8\).*\(4, 24, 16\)'),
    ],
)
def test_heatmaps_that_differ_are_refused_with_both_shapes(second, words):
    with pytest.raises(ValueError, match=words):
        build('PoseDual', [student(), second])


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


def test_unlabelled_images_take_part_from_the_start_on():
    model = build('PoseDual', start=2)
    batch, data = images(4), samples([True, True, False, False])
    hub, parts = MessageHub.get_instance('test_start'), []
    for iteration in (0, 1, 2):
        hub.update_info('iter', iteration)
        losses = model.loss(batch, data)
        assert 'sup_student0_loss_kpt' in losses
        parts.append('unsup_student0_loss_kpt' in losses)
    assert parts == [False, False, True]
    with pytest.raises(ValueError, match='start'):
        build('PoseDual', start=-1)
