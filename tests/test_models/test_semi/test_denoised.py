"""DenoisedPoseDual against PoseDual and a slow version."""

import numpy as np
import pytest
import torch

from mmpose_al.geometry import affine
from mmpose_al.geometry.heatmaps import gaussians
from tests.helpers import FLIP, images, samples
from tests.test_models.test_semi.estimators import build, gradients, heatmaps_of


def test_denoised_without_its_parts_is_posedual():
    """One weak view, nothing thrown away, no redrawing,
    no selection (Table 6 row 1)."""
    parts = dict(
        num_strong=0, refine=False, threshold=-1e9, select=False, teacher_statistics='batch'
    )
    batch, data = images(3), samples([False] * 3)
    hard_view = dict(type='AffineViews', rotation=60, scale=(0.5, 1.5))
    plain = build('PoseDual', hard_view=hard_view).loss(batch, data)
    ours = build('DenoisedPoseDual', hard_view=hard_view, **parts).loss(batch, data)
    for name, value in plain.items():
        assert float(ours[name]) == pytest.approx(float(value), rel=1e-5), name


@pytest.mark.parametrize('aggregate', ['max', 'avg'])
def test_denoised_against_a_slow_version(aggregate):
    model = build(
        'DenoisedPoseDual',
        num_strong=2,
        num_weak=2,
        aggregate=aggregate,
        threshold=0.3,
        margin=0.02,
        teacher_statistics='batch',
        hard_view=dict(rotation=60, scale=(0.5, 1)),
    )
    batch, data = images(3), samples([False] * 3)
    seeds = np.array([s.metainfo['aug_seed'] for s in data])
    hard = model.hard_view.sample(seeds, (32, 48), batch)
    matrices = [
        torch.eye(2, 3).expand(3, 2, 3),
        model.weak_view.sample(seeds, (32, 48), batch, 'weak1').matrix,
        hard.matrix,
        model.hard_view.sample(seeds, (32, 48), batch, 'view1').matrix,
    ]
    inside = affine.valid_mask(affine.rescale(hard.matrix, (4, 4)), (8, 12))
    assert 0.2 < float(inside.mean()) < 0.9
    pseudo, spread = [], []
    for network in (0, 1):
        maps, seen = [], []
        for matrix in matrices:
            heatmaps = heatmaps_of(model, network, affine.warp(batch, matrix))
            to_hard = affine.rescale(affine.compose(hard.matrix, affine.invert(matrix)), (4, 4))
            maps.append(affine.warp(heatmaps, to_hard))
            seen.append(inside * affine.valid_mask(to_hard, (8, 12)))
        maps, seen = torch.stack(maps), torch.stack(seen)
        together = torch.zeros(3, 4, 12, 8)
        deviation = torch.zeros(3, 4, 12, 8)
        for index in np.ndindex(3, 4, 12, 8):
            image, joint, y, x = index
            values = [
                float(m[image, joint, y, x]) for m, s in zip(maps, seen) if s[image, 0, y, x] > 0
            ]
            if values:
                together[index] = max(values) if aggregate == 'max' else np.mean(values)
                deviation[index] = float(np.std(values))
        pseudo.append(together)
        spread.append(deviation.flatten(2).amax(-1))
    lessons = model.teach(batch, None, hard, seeds, FLIP)
    own = ignored = 0
    for me, lesson in enumerate(lessons):
        for image, joint in np.ndindex(3, 4):
            mine = spread[me][image, joint] + 0.02 < spread[1 - me][image, joint]
            own += bool(mine)
            source = pseudo[me if mine else 1 - me][image, joint]
            assert lesson.weight[image, joint] == float(source.max() > 0.3)
            if source.max() <= 0.3:
                continue
            y, x = divmod(int(source.argmax()), 8)
            drawn = gaussians(torch.tensor([[[float(x), float(y)]]]), (8, 12), 1.0)
            assert torch.allclose(lesson.target[image, joint], drawn[0, 0], atol=1e-4)
        assert torch.equal(lesson.mask, inside)
        ignored = ignored + int((lesson.weight == 0).sum())
    assert 0 < ignored < 24 and 0 < own < 24


@pytest.mark.parametrize('statistics', ['running', 'batch'])
def test_views_are_seen_with_the_statistics_of_labelled_images(statistics):
    """What is taught about an image depends on no other unlabelled image."""
    model = build(
        'DenoisedPoseDual',
        threshold=-1e9,
        **({} if statistics == 'running' else dict(teacher_statistics=statistics)),
    )
    batch, data = images(3), samples([False] * 3)
    seeds = np.array([s.metainfo['aug_seed'] for s in data])
    others = torch.cat([batch[:1], 3 * batch[1:]])

    def taught(batch):
        hard = model.hard_view.sample(seeds, (32, 48), batch)
        return model.candidates(0, batch, hard, model.views(batch, hard, seeds), FLIP)[0][:, 0]

    assert torch.allclose(taught(batch), taught(others), atol=1e-6) is (statistics == 'running')
    assert all(network.training for network in model.students)


@pytest.mark.parametrize('num_strong, num_weak', [(0, 1), (2, 1), (3, 2)])
def test_denoised_takes_the_loss_where_posedual_does(num_strong, num_weak):
    """On small hard views, which are padding for the most part."""
    batch, data = images(3), samples([False] * 3)
    seeds = np.array([s.metainfo['aug_seed'] for s in data])
    hard_view = dict(rotation=60, scale=(0.5, 0.6))
    plain = build('PoseDual', hard_view=hard_view)
    hard = plain.hard_view.sample(seeds, (32, 48), batch)
    expected = plain.teach(batch, None, hard, seeds, FLIP)[0].mask
    assert 0.2 < float(expected.mean()) < 0.4
    model = build(
        'DenoisedPoseDual',
        hard_view=hard_view,
        num_strong=num_strong,
        num_weak=num_weak,
        threshold=-1e9,
    )
    for lesson in model.teach(batch, None, hard, seeds, FLIP):
        assert torch.equal(lesson.mask, expected)


def test_denoised_gradient_flows_through_the_hard_path_only():
    model = build('DenoisedPoseDual', hard_augments=[dict(type='JointCutout')])
    losses = model.loss(images(4), samples([True, True, False, False]))
    assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
    assert gradients(model, losses['unsup_student1_loss_kpt']) == [False, True]


@pytest.mark.parametrize(
    'more',
    [
        dict(),
        dict(consistency=dict(use_mask=False)),
        dict(consistency=dict(use_mask=False), hard_paths=[[], []]),
    ],
    ids=str,
)
def test_joints_below_the_threshold_give_no_loss_with_the_mask_or_without(more):
    batch, data = images(2), samples([False] * 2)
    ignored = build('DenoisedPoseDual', threshold=1e9, **more).loss(batch, data)
    for student_ in (0, 1):
        assert float(ignored[f'unsup_student{student_}_loss_kpt']) == 0


def test_without_the_mask_confident_joints_alone_are_taught_everywhere():
    model = build('DenoisedPoseDual', threshold=0.3, consistency=dict(use_mask=False))
    batch, data = images(3), samples([False] * 3)
    seeds = np.array([s.metainfo['aug_seed'] for s in data])
    hard = model.hard_view.sample(seeds, (32, 48), batch)
    heatmaps = heatmaps_of(model, 0, affine.warp(batch, hard.matrix))
    lesson = model.teach(batch, None, hard, seeds, FLIP)[0]
    confident = lesson.target.flatten(2).amax(-1) > 0.3  # a redrawn peak is 1
    assert 0 < int(confident.sum()) < 12
    squared = ((heatmaps - lesson.target) ** 2)[confident]
    losses = model.loss(batch, data)
    assert float(losses['unsup_student0_loss_kpt']) == pytest.approx(
        float(squared.sum()) / heatmaps.numel(), rel=1e-4
    )


def test_joints_below_the_threshold_stay_raw_if_kept():
    batch, data = images(2), samples([False] * 2)
    kept = build('DenoisedPoseDual', threshold=1e9, below='keep').loss(batch, data)
    raw = build('DenoisedPoseDual', threshold=-1e9, refine=False).loss(batch, data)
    assert float(kept['unsup_student0_loss_kpt']) > 0
    assert float(kept['unsup_student0_loss_kpt']) == pytest.approx(
        float(raw['unsup_student0_loss_kpt']), rel=1e-6
    )


@pytest.mark.parametrize(
    'bad, words',
    [
        (dict(num_strong=-1), 'num_strong'),
        (dict(num_weak=0), 'num_weak'),
        (dict(aggregate='median'), "'max' or 'avg'"),
        (dict(below='drop'), 'below'),
        (dict(margin=-0.1), 'margin'),
        (dict(sigma=0), 'sigma'),
        (dict(hard_augments=[dict(type='JointCutout')], hard_paths=[[]]), 'not both'),
        (dict(hard_paths=[]), 'hard_paths is empty'),
        (
            dict(hard_augments=[dict(type='RandomFlip', prob=0.5)]),
            'RandomFlip does not work on a batch',
        ),
        (
            dict(hard_paths=[[], [dict(type='PoseRandAugment', ops=['Rotate'])]]),
            'an operation on pixels',
        ),
    ],
)
def test_denoised_refuses(bad, words):
    with pytest.raises(ValueError, match=words):
        build('DenoisedPoseDual', **bad)


def test_denoising_and_paths_combine():
    model = build(
        'DenoisedPoseDual',
        hard_paths=[
            [dict(type='JointCutOcclude'), dict(type='RandomCutout')],
            [dict(type='JointCutout'), dict(type='RandomCutMix')],
        ],
    )
    losses = model.loss(images(4), samples([True, True, False, False]))
    total = sum(v for k, v in losses.items() if 'loss' in k)
    assert torch.isfinite(total)
    total.backward()
