"""DenoisedPoseDual against PoseDual and a slow version."""

import numpy as np
import pytest
import torch

from mmpose_al.geometry import affine
from mmpose_al.geometry.heatmaps import gaussians
from mmpose_al.models.semi.pseudo_keypoints import keypoint_uncertainty
from mmpose_al.models.views import View
from tests.helpers import FLIP, images, samples, student
from tests.test_models.test_semi.estimators import SAME_VIEW, build, gradients, heatmaps_of
from tests.test_models.test_semi.keypoint_heads import labelled, regression, rtmpose


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


# ------------------------------------------------------------------- lessons in keypoints


def test_keypoints_without_further_views_are_those_of_posedual():
    """One weak view, no threshold, no selection; also for a heatmap beside a SimCC student."""
    parts = dict(num_strong=0, threshold=-1, select=False, teacher_statistics='batch')
    hard_view = dict(type='AffineViews', rotation=60, scale=(0.5, 1.5))
    batch, data = images(3), samples([False] * 3)
    for students in (rtmpose(), [student(), rtmpose()]):
        plain = build('PoseDual', students, hard_view=hard_view)
        ours = build('DenoisedPoseDual', students, hard_view=hard_view, **parts)
        assert ours.lesson_kind == 'keypoints'
        expected, found = plain.loss(batch, data), ours.loss(batch, data)
        for name, value in expected.items():
            assert float(found[name].detach()) == pytest.approx(float(value.detach()), rel=1e-4)


def say(model, *views):
    """Let the networks see joints: one (places, confidence) a view, in the order of views."""
    answers = {network: list(views[network]) for network in (0, 1)}
    model.teacher_keypoints = lambda network, images: answers[network].pop(0)


def at(*xy, sure):
    return torch.tensor([list(xy)]).float(), torch.tensor([list(sure)]).float()


def test_denoised_keypoints_by_hand():
    """The easy view and a mirrored hard one; joints 0 <-> 1, 2 <-> 3, images of 32 x 48."""
    model = build('DenoisedPoseDual', rtmpose(), num_strong=1, threshold=0.3, margin=0.1)
    mirror = View(torch.tensor([[[-1.0, 0, 31], [0, 1, 0]]]), torch.tensor([True]))
    easy0 = at((4, 5), (10, 5), (20, 40), (9, 9), sure=(0.9, 0.5, 0.2, 0.9))
    # In the mirror joint 1 of the view is joint 0 of the image: (31 - 27, 5) = (4, 5).
    hard0 = at((22, 8), (27, 5), (21, 9), (11, 40), sure=(0.6, 0.8, 0.9, 0.1))
    easy1 = at((30, 30), (10, 6), (20, 41), (9, 9), sure=(0.9, 0.7, 0.25, 0.8))
    hard1 = at((21, 6), (1, 2), (22, 9), (11, 41), sure=(0.7, 0.9, 0.8, 0.2))
    say(model, [easy0, hard0], [easy1, hard1])
    lessons = model.teach(images(1), None, mirror, np.arange(1), FLIP)
    # In the hard view: joint 0 is the image's 1, at 31 - x.
    places0 = [[22, 8], [27, 5], [22, 9], [11, 40]]
    # Network 1: joint 1 is twice 0.9 sure, once of (31 - 30, 30) and once of (1, 2).
    places1 = [[21, 6], [1, 30], [22, 9], [11, 41]]
    spread = []
    for easy, hard in ((easy0, hard0), (easy1, hard1)):
        mirrored = torch.stack([31 - easy[0][..., 0], easy[0][..., 1]], -1)[:, FLIP]
        places = torch.stack([mirrored, hard[0]])
        sure = torch.stack([easy[1][:, FLIP], hard[1]])
        seen = torch.ones(2, 2, 1, 4, dtype=torch.bool)
        spread.append(keypoint_uncertainty(places, sure, seen, 48 / 32)[0])
    assert spread[1][1] > spread[0][1] + 0.1  # network 0 trusts itself for joint 1, alone
    assert (spread[0] + 0.1 < spread[1]).tolist() == [False, True, False, False]
    assert not (spread[1] + 0.1 < spread[0])[1:].any()
    first, second = lessons
    assert first.places[0, 1].tolist() == places0[1] and second.places[0].tolist()[1] == places0[1]
    assert first.places[0, 2].tolist() == places1[2]
    assert first.certainty[0, 1:].tolist() == pytest.approx([0.9, 0.8, 0.25])
    assert first.weight[0].tolist() == [1, 1, 1, 0]  # 0.25 is below the threshold
    assert second.weight[0].tolist()[3] == 0
    assert torch.equal(first.joints, easy1[0]) and torch.equal(first.confidence, easy1[1])
    own = spread[1][0] + 0.1 < spread[0][0]
    assert second.places[0, 0].tolist() == (places1 if own else places0)[0]


def test_a_joint_in_the_padding_of_a_strong_view_is_none():
    """A view half as large: what lies beyond the easy image has no confidence."""
    model = build('DenoisedPoseDual', rtmpose(), num_strong=1, select=False, threshold=0.1)
    small = View(torch.tensor([[[0.5, 0, 0], [0, 0.5, 0]]]), torch.tensor([False]))
    easy = at((4, 6), (10, 5), (20, 40), (9, 9), sure=(0.2, 0.5, 0.3, 0.4))
    hard = at((30, 40), (8, 5), (10, 20), (31, 47), sure=(0.9, 0.9, 0.9, 0.9))
    say(model, [easy, hard], [easy, hard])
    lesson = model.teach(images(1), None, small, np.arange(1), FLIP)[0]
    assert lesson.places[0].tolist() == [[2, 3], [8, 5], [10, 20], [4.5, 4.5]]
    assert lesson.certainty[0].tolist() == pytest.approx([0.2, 0.9, 0.9, 0.4])


def test_denoised_keypoints_learn_on_the_hard_path_only_and_take_two_steps():
    jc = [dict(type='JointCutout', num_joints=2)]
    for network in (rtmpose(), regression('RLEHead')):
        model = build('DenoisedPoseDual', network, hard_augments=jc, threshold=0.0, num_weak=2)
        for parameter in model.students.parameters():
            if parameter.dim() == 2 and parameter.shape[1] == 8:
                torch.nn.init.normal_(parameter, std=0.01)  # coordinates inside the image
        for head in (each.head for each in model.students if hasattr(each.head, 'fc')):
            torch.nn.init.constant_(head.fc.bias, 0.5)
        data = labelled(model.students[0], [True, True, False, False])
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for step in range(2):
            losses = model.loss(images(4), data)
            if step == 0:
                assert gradients(model, losses['unsup_student0_loss_kpt']) == [True, False]
                assert gradients(model, losses['unsup_student1_loss_kpt']) == [False, True]
            optimizer.zero_grad()
            sum(value for name, value in losses.items() if 'loss' in name).backward()
            grads = [p.grad for p in model.students.parameters() if p.grad is not None]
            assert all(grad.isfinite().all() for grad in grads)
            optimizer.step()
        assert 0 < losses['taught'] <= 1


def test_keypoints_below_the_threshold_give_no_loss_unless_kept():
    batch, data = images(2), samples([False] * 2)
    ignored = build('DenoisedPoseDual', rtmpose(), threshold=1.0).loss(batch, data)
    kept = build('DenoisedPoseDual', rtmpose(), threshold=1.0, below='keep').loss(batch, data)
    for index in (0, 1):
        assert float(ignored[f'unsup_student{index}_loss_kpt']) == 0
        assert float(kept[f'unsup_student{index}_loss_kpt'].detach()) > 0


def test_what_is_about_heatmaps_is_refused_with_keypoints():
    for options in (dict(refine=False), dict(sigma=2.0)):
        with pytest.raises(ValueError, match='refine=False and sigma are about heatmaps'):
            build('DenoisedPoseDual', rtmpose(), hard_view=SAME_VIEW, **options)
