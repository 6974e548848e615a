"""WeaklySupervisedPose3D: losses of groups of views (Iqbal20)."""

import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from tests.views_3d import MAP, batch_of, network


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='WeaklySupervisedPose3D',
        network=network(**kwargs.pop('network', {})),
        num_views=3,
        **kwargs,
    )
    return MODELS.build(ConfigDict(config)).train()


LIMBS = dict(limbs=[(5, 7), (11, 13)], mean_lengths=[0.55, 0.8])


@pytest.mark.parametrize(
    'kwargs, names',
    [
        (dict(), set()),
        (dict(multi_view=dict(loss_weight=10.0)), {'unsup_loss_multi_view'}),
        (
            dict(multi_view=dict(), limbs=LIMBS, known_rotations=True),
            {'unsup_loss_multi_view', 'unsup_loss_limbs'},
        ),
        (dict(limbs=LIMBS, regularize=True), {'unsup_loss_limbs', 'unsup_loss_kpt'}),
    ],
)
def test_losses_of_the_settings(tiny, kwargs, names):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(**copy.deepcopy(kwargs))
    losses = model.loss(inputs, samples)
    assert {k for k in losses if k.startswith('unsup')} == names
    assert {'sup_loss_kpt', 'sup_loss_depth'} <= set(losses)
    assert ('masked_poses' in losses) is bool(names)
    total = sum(v for k, v in losses.items() if 'loss' in k)
    total.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(g).all() for g in grads) and grads


def test_weak_training_without_depth_never_sees_the_truth(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict())
    for sample in samples:
        sample.gt_instance_labels.relative_depth_weights.zero_()
    losses = model.loss(inputs, samples)
    assert float(losses['sup_loss_depth']) == 0


def test_hard_random_steps_stay_finite(tiny):
    """200 random outputs, many of them without a root depth."""
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict(), limbs=LIMBS)
    masked = 0
    for step in range(200):
        torch.manual_seed(step)
        output = (torch.randn(3, 34, MAP[1], MAP[0]) * 10.0 ** (step % 4 - 2)).requires_grad_()
        model.head.forward = lambda feats: output
        losses = model.unsupervised_loss(inputs[2:], samples[2:])
        total = losses['unsup_loss_multi_view'] + losses['unsup_loss_limbs']
        total.backward()
        assert torch.isfinite(total) and torch.isfinite(output.grad).all()
        masked += float(losses['masked_poses'])
    assert masked > 0


def test_bad_groups_are_named(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict())
    with pytest.raises(ValueError, match='no groups of 3'):
        model.loss(inputs[:4], samples[:4])
    other = [copy.deepcopy(s) for s in samples]
    other[3].set_metainfo(dict(frame_id=-7))
    with pytest.raises(ValueError, match='of one group'):
        model.loss(inputs, other)
    with pytest.raises(ValueError, match='Heatmap2p5DHead'):
        from tests.helpers import student

        MODELS.build(ConfigDict(dict(type='WeaklySupervisedPose3D', network=student())))
    with pytest.raises(ValueError, match='num_views'):
        MODELS.build(
            ConfigDict(dict(type='WeaklySupervisedPose3D', network=network(), num_views=1))
        )


def test_predictions_are_ordinary_samples(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build().eval()
    with torch.no_grad():
        result = model(inputs, samples, mode='predict')
    instance = result[0].pred_instances
    assert instance.keypoints.shape == (1, 17, 2)
    assert instance.keypoints_3d.shape == (1, 17, 3)
    assert instance.keypoint_scores.shape == (1, 17)


HANDED = dict(triples=[[(11, 12), (13, 11), (15, 13)]], loss_weight=1.0)


def test_handedness_and_range_reach_the_depth_maps(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(handedness=HANDED, range_weight=2.0)
    output = torch.zeros(3, 34, MAP[1], MAP[0])
    for joint, (x, y) in {
        5: (4, 4),
        11: (4, 12),
        12: (8, 12),
        13: (4, 16),
        14: (8, 16),
        15: (4, 20),
        16: (8, 20),
    }.items():
        output[:, joint, y, x] = 1.0
    output[:, 17 + 5] = 3.0  # three times as deep as the pair is long
    output.requires_grad_()
    model.head.forward = lambda feats: output
    losses = model.unsupervised_loss(inputs[2:], samples[2:])
    assert set(losses) == {'unsup_loss_handedness', 'unsup_loss_range', 'masked_poses'}
    assert float(losses['masked_poses']) == 3
    assert float(losses['unsup_loss_handedness']) == 0  # masked
    # about 1 - 3² below zero; the exact value depends on the rays
    left = model.head.length_left(model.head.read(output), samples[2:])
    assert (left < -5).all()
    assert float(losses['unsup_loss_range']) == pytest.approx(
        2 * float((0.1 - left).mean()), rel=1e-5
    )
    losses['unsup_loss_range'].backward()
    assert (output.grad[:, 17 + 5].sum((-2, -1)) > 0).all()  # less deep is better


def test_apparent_size_is_what_the_depths_leave_of_the_pair(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    seen = {}
    model = build(multi_view=dict(apparent_size=True))
    model.multi_view.forward = lambda *args, size, **kwargs: seen.update(size=size) or size.sum()
    output = torch.zeros(3, 34, MAP[1], MAP[0])
    for joint in range(17):
        output[:, joint, 4 if joint == 5 else 12, 4] = 1.0
    for view, deeper in enumerate((0.0, 0.6, 3.0)):
        output[view, 17 + 5] = deeper  # in units of the pair's distance
    model.head.forward = lambda feats: output
    model.unsupervised_loss(inputs[2:], samples[2:])
    # Nearly along the line of sight: 1, sqrt(1 - 0.6²), and no less than sqrt(0.1)
    assert seen['size'].shape == (1, 3)
    assert seen['size'][0].tolist() == pytest.approx([1, 0.8, 0.1**0.5], abs=0.02)


def test_coincident_reference_joints_are_masked_and_counted(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    model = build(multi_view=dict(), limbs=LIMBS)
    output = torch.zeros(3, 34, MAP[1], MAP[0])
    output[:, :17, 12, 8] = 1.0  # all joints on one pixel
    output.requires_grad_()
    model.head.forward = lambda feats: output
    losses = model.unsupervised_loss(inputs[2:], samples[2:])
    assert float(losses['masked_poses']) == 3
    total = losses['unsup_loss_multi_view'] + losses['unsup_loss_limbs']
    total.backward()
    assert float(total) == 0 and not output.grad.abs().any()


def test_mirrored_groups_are_an_error(tiny):
    inputs, samples, _, _ = batch_of(tiny, flip=1.0)
    with pytest.raises(ValueError, match='Take RandomFlip out'):
        build(multi_view=dict()).loss(inputs, samples)


def test_unknown_rotations_are_an_error(tiny):
    inputs, samples, _, _ = batch_of(tiny)
    stripped = []
    for sample in samples:
        meta = {k: v for k, v in sample.metainfo.items() if k != 'input_R'}
        bare = PoseDataSample(metainfo=meta)
        bare.gt_fields = sample.gt_fields
        bare.gt_instance_labels = sample.gt_instance_labels
        stripped.append(bare)
    model = build(multi_view=dict(), known_rotations=True)
    with pytest.raises(ValueError, match='no input_R'):
        model.loss(inputs, stripped)
