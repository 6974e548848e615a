"""PoseCons, PoseDual, MultiPathPose: values by hand, gradients only where Xie21 lets them."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from torch.utils.checkpoint import checkpoint

from mmpose_al.geometry import affine
from mmpose_al.geometry.heatmaps import peaks
from mmpose_al.models.semi.networks import predict_heatmaps
from mmpose_al.models.views import View, easy_view
from tests.helpers import FLIP, images, samples, student
from tests.test_models.test_semi.estimators import SAME_VIEW, build, gradients, heatmaps_of


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


def test_gradient_flows_through_the_hard_path_only():
    model = build('PoseDual')
    losses = model.loss(images(4), samples([True, True, False, False]))
    assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
    assert gradients(model, losses['unsup_student1_loss_kpt']) == [False, True]
    assert gradients(model, losses['sup_student0_loss_kpt']) == [True, False]
    naive = build('PoseDual', detach=False)
    losses = naive.loss(images(2), samples([False, False]))
    assert gradients(naive, losses['unsup_student0_loss_kpt']) == [True, True]


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
    for one, other in zip(*(kept for _, kept in found)):
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


def test_a_mirrored_target_is_left_out_by_its_own_joints_confidence():
    """Joint 0 is sure at the left; mirrored, it is joint 1 that must stay."""
    model = build('PoseCons', hard_view=SAME_VIEW, consistency=dict(min_confidence=0.4))
    heatmaps = torch.full((2, 4, 12, 8), 0.1)
    heatmaps[:, 0, 5, 2] = 0.9
    mirror = affine.similarity(torch.zeros(2), torch.ones(2), (32, 48), torch.tensor([False, True]))
    lesson = model.lesson(heatmaps, View(mirror, torch.tensor([False, True])), FLIP)
    kept = lesson.confidence > 0.4
    assert kept.tolist() == [[True, False, False, False], [False, True, False, False]]
    assert torch.equal(lesson.target.flatten(2).amax(-1) > 0.4, kept)
    back = model.lesson(heatmaps, View(mirror, torch.tensor([False, True])), FLIP,
                        View(mirror, torch.tensor([False, True])))  # fmt: skip
    assert (back.confidence[:, 0] > 0.4).all()


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


def test_without_a_start_unlabelled_images_never_take_part():
    model = build('PoseDual', start=None)
    batch, data = images(4), samples([True, True, False, False])
    hub = MessageHub.get_instance('test_no_start')
    for iteration in (0, 10**6):
        hub.update_info('iter', iteration)
        assert not any(name.startswith('unsup') for name in model.loss(batch, data))


@pytest.mark.parametrize('labeled', [0, 2])
def test_autocast_gives_every_weight_a_gradient(labeled):
    """Also where no labelled image goes through a student before it teaches."""
    model = build('PoseDual')
    with torch.autocast('cpu', torch.bfloat16):
        losses = model.loss(images(4), samples([True] * labeled + [False] * (4 - labeled)))
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_teachers_own_view_is_undone():
    """D2 and D3 of Xie21, Fig. 8: the teacher sees another view of the image."""
    model = build(
        'PoseCons',
        student(norm=False),
        hard_view=SAME_VIEW,
        detach=False,
        easy_view=dict(type='AffineViews', rotation=60, scale=(0.5, 1.5)),
    )
    batch, data = images(2), samples([False, False])
    seeds = np.array([s.metainfo['aug_seed'] for s in data])
    view = model.easy_view.sample(seeds, (32, 48), batch, stream='easy')
    heatmaps = predict_heatmaps(model.students[0], affine.warp(batch, view.matrix))
    back = affine.rescale(affine.invert(view.matrix), (4, 4))
    squared = (
        predict_heatmaps(model.students[0], batch) - affine.warp(heatmaps, back)
    ) ** 2 * affine.valid_mask(back, (8, 12))
    losses = model.loss(batch, data)
    assert float(losses['unsup_loss_kpt']) == pytest.approx(
        float(squared.mean().detach()), rel=1e-4
    )
    lesson = model.lesson(heatmaps, easy_view(2, batch), FLIP, view)
    expected = affine.transform_points(affine.invert(view.matrix), peaks(heatmaps.detach())[0] * 4)
    assert torch.allclose(lesson.joints, expected, atol=1e-4)


def test_losses_of_paths_add_up_and_share_one_map():
    paths = [[dict(type='JointCutout', num_joints=2)], [dict(type='RandomCutout')], []]
    batch, data = images(4), samples([False] * 4)
    several = build('PoseDual', hard_paths=paths).loss(batch, data)
    alone = [build('PoseDual', hard_augments=path).loss(batch, data) for path in paths]
    for index in (0, 1):
        name = f'unsup_student{index}_loss_kpt'
        # the second path's places are drawn from another seed than alone
        parts = [float(a[name]) for a in (alone[0], alone[2])]
        assert float(several[name]) > sum(parts)
    same = build('PoseDual', hard_paths=[[], []]).loss(batch, data)
    assert float(same[name]) == pytest.approx(2 * float(alone[2][name]), rel=1e-5)


def test_repeated_paths_cover_different_places():
    model = build('PoseCons', hard_paths=[[dict(type='JointCutout', num_joints=1)]] * 2)
    batch, seeds = images(4), np.arange(4)
    joints = torch.rand(4, 4, 2) * torch.tensor([31.0, 47.0])
    still = View(torch.eye(2, 3).expand(4, 2, 3), torch.zeros(4, dtype=torch.bool))
    one, two, again = (model.hard_images(batch, joints, still, p, seeds) for p in (0, 1, 0))
    assert torch.equal(one, again) and not torch.equal(one, two)


def test_two_equal_augmentations_of_a_path_cover_different_places():
    cutout = dict(type='RandomCutout', num_holes=1, half_size=(20, 20), fill=9.0)
    still = View(torch.eye(2, 3).expand(4, 2, 3), torch.zeros(4, dtype=torch.bool))
    covered = []
    for path in ([cutout], [cutout, dict(type='PoseRandAugment', prob=0.0), cutout]):
        model = build('PoseCons', hard_augments=path)
        covered.append(
            model.hard_images(
                torch.zeros(4, 3, 48, 32), torch.zeros(4, 4, 2), still, 0, np.arange(4)
            ).amax(1)
            == 9
        )
    assert (covered[1] | ~covered[0]).all()  # the first one draws as if alone
    assert (covered[1].sum((1, 2)) > covered[0].sum((1, 2))).all()


def test_mirrored_views_need_to_know_left_from_right():
    batch, data = images(4), samples([False] * 4)
    for sample in data:
        sample.pop('flip_indices')
    plain = build('PoseDual').loss(batch, data)
    assert 'unsup_student0_loss_kpt' in plain
    for key, start in (('hard_view', 0), ('easy_view', 100)):
        model = build('PoseDual', start=start, **{key: dict(flip_prob=0.5)})
        with pytest.raises(ValueError, match=f"{key} mirrors .*'flip_indices' to meta_keys"):
            model.loss(batch, data)


@pytest.mark.parametrize('students', [student(), [student(), student()]])
def test_multipath_pose_runs_with_one_and_two_students(students):
    model = build('MultiPathPose', students)
    losses = model.loss(images(4), samples([True, True, False, False]))
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    assert len(model.hard_paths) == 2
    with pytest.raises(ValueError, match='is 1 or 2; got 3'):
        build('MultiPathPose', [student()] * 3)


def test_flip_indices_of_another_number_of_joints():
    model = build('PoseDual')
    data = samples([False, False])
    for sample in data:
        sample.set_metainfo(dict(flip_indices=[1, 0, 2, 4, 3], img_path='a.jpg'))
    with pytest.raises(ValueError, match="predict 4 joints, but flip_indices of 'a.jpg' are 5"):
        model.loss(images(2), data)
