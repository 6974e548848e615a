"""PseudoPose, DataDistill, MeanTeacherPose, DenoisedPoseDual, MultiPathPose."""

import copy

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import save_checkpoint
from mmpose.registry import MODELS

from mmpose_al.geometry import affine
from mmpose_al.geometry.heatmaps import gaussians, peaks, subpixel_peaks
from mmpose_al.models.semi.networks import predict_heatmaps
from mmpose_al.models.views import AffineViews, View, carry, easy_view
from tests.helpers import images, samples, student
from tests.test_models.test_semi import SAME_VIEW, build, gradients, heatmaps_of

FLIP = [1, 0, 3, 2]


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


# ---- views and their frames ----------------------------------------------------


def test_carry_there_and_back_and_by_way_of_a_third_view():
    seeds = np.arange(3)
    like = images(3)
    views = AffineViews(rotation=20, scale=(0.9, 1.1), flip_prob=0.5)
    one = views.sample(seeds, (32, 48), like, stream='a')
    two = views.sample(seeds, (32, 48), like, stream='b')
    assert one.flip.any() or two.flip.any()
    easy = easy_view(3, like)
    center = torch.tensor([[[3.0, 6.0], [4.5, 5.0], [4.0, 7.0], [3.3, 5.2]]]).expand(3, 4, 2)
    maps = gaussians(center, (8, 12), 1.5)
    direct, _ = carry(maps, easy, two, (4, 4), FLIP)
    hop, _ = carry(maps, easy, one, (4, 4), FLIP)
    hop, _ = carry(hop, one, two, (4, 4), FLIP)
    assert (direct - hop).abs().max() < 0.25  # interpolated twice
    flipped = two.flip
    moved = affine.transform_points(affine.rescale(two.matrix, (4, 4)), center)
    moved = torch.where(flipped[:, None, None], moved[:, FLIP], moved)
    assert (subpixel_peaks(direct)[0] - moved).abs().max() < 0.35
    same, seen = carry(maps, easy, easy, (4, 4), FLIP)
    assert same is maps and seen.min() == 1


def test_autocast_leaves_heatmaps_where_they_belong():
    seeds, like = np.arange(8), images(8, input_size=(192, 256))
    views = AffineViews(flip_prob=0.5)
    maps = gaussians(torch.rand(8, 4, 2) * torch.tensor([47.0, 63.0]), (48, 64), 2.0)

    def carried():
        one, two = (views.sample(seeds, (192, 256), like, name) for name in 'ab')
        return carry(maps, one, two, (4, 4), FLIP)

    with torch.autocast('cpu', torch.bfloat16):
        got = carried()
    for one, other in zip(got, carried()):
        assert torch.equal(one, other)


@pytest.mark.parametrize('labeled', [0, 2])
def test_autocast_gives_every_weight_a_gradient(labeled):
    """Also where no labelled image goes through a student before it teaches."""
    model = build('PoseDual')
    with torch.autocast('cpu', torch.bfloat16):
        losses = model.loss(images(4), samples([True] * labeled + [False] * (4 - labeled)))
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


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
            lessons = model.teach(batch, hard, seeds, FLIP)
        for lesson in lessons:
            assert {part.dtype for part in lesson if part is not None} == {torch.float32}


def test_no_view_sees_beyond_the_easy_image():
    """The frame of a view of half the size: the image, 8 x 12 heatmap pixels, spans x
    in [1.94, 5.44] and y in [2.94, 8.44]; beside it there is padding, which a view of
    a quarter of the size has as well. A view of twice the size spans a part of it: x
    in [2.91, 4.66], y in [4.41, 7.16]."""

    def scaled(scale):
        return View(
            affine.similarity(torch.zeros(1), torch.tensor([scale]), (32, 48)),
            torch.tensor([False]),
        )

    half, maps = scaled(0.5), torch.rand(1, 4, 12, 8)
    whole, part = torch.zeros(2, 1, 1, 12, 8)
    whole[..., 3:9, 2:6] = 1
    part[..., 5:8, 3:5] = 1
    for source, expected in [
        (easy_view(1, maps), whole),
        (half, whole),
        (scaled(0.25), whole),
        (scaled(2.0), part),
    ]:
        assert torch.equal(carry(maps, source, half, (4, 4), FLIP)[1], expected)


def test_beta_views_prefer_the_ends():
    from scipy.stats import beta, kstest

    views = AffineViews(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75))
    matrix = views.sample(np.arange(4000), (32, 48), images(1)).matrix
    scale = torch.linalg.det(matrix[..., :2]).sqrt()
    assert kstest((scale - 0.5).numpy(), beta(0.75, 0.75).cdf).pvalue > 1e-3
    assert kstest((scale - 0.5).numpy(), 'uniform').pvalue < 1e-6
    with pytest.raises(ValueError, match='beta'):
        AffineViews(beta=(0, 1))


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


# ---- Xie21's baselines -----------------------------------------------------------


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
    (lesson,) = model.teach(batch, hard, seeds, FLIP)
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


@pytest.mark.parametrize('use_mask, expected', [(True, 0.09), (False, 0.10)])
def test_joint_weights_by_hand(use_mask, expected):
    loss = MODELS.build(dict(type='HeatmapConsistencyLoss', use_mask=use_mask))
    output = torch.zeros(1, 2, 1, 2)
    target = torch.tensor([[[[0.3, 0.1]], [[0.5, 0.1]]]])
    mask = torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2)
    weight = torch.tensor([[1.0, 0.0]])
    assert float(loss(output, target, mask, None, weight)) == pytest.approx(expected / 4)


def test_confidence_mask_and_foreground_weight_by_hand():
    loss = MODELS.build(dict(type='HeatmapConsistencyLoss', min_confidence=0.4))
    output = torch.zeros(1, 2, 1, 2)
    target = torch.tensor([[[[0.3, 0.1]], [[0.5, 0.1]]]])
    confidence = target.flatten(2).amax(-1)
    # only the second joint: (0.25 + 0.01) over 4 pixels
    assert float(loss(output, target, None, confidence)) == pytest.approx(0.065)
    loss = MODELS.build(dict(type='HeatmapConsistencyLoss', foreground_weight=2.0))
    # 0.09 * 1.6 + 0.01 * 1.2 + 0.25 * 2 + 0.01 * 1.2
    assert float(loss(output, target)) == pytest.approx(0.668 / 4)
    with pytest.raises(ValueError, match='foreground_weight'):
        MODELS.build(dict(type='HeatmapConsistencyLoss', foreground_weight=-1))


# ---- Yu24 ------------------------------------------------------------------------


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
    lessons = model.teach(batch, hard, seeds, FLIP)
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
    expected = plain.teach(batch, hard, seeds, FLIP)[0].mask
    assert 0.2 < float(expected.mean()) < 0.4
    model = build(
        'DenoisedPoseDual',
        hard_view=hard_view,
        num_strong=num_strong,
        num_weak=num_weak,
        threshold=-1e9,
    )
    for lesson in model.teach(batch, hard, seeds, FLIP):
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
    lesson = model.teach(batch, hard, seeds, FLIP)[0]
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


def test_what_reads_values_refuses_labels_that_peak_at_255():
    """A Gaussian of height 1 would teach such a student background."""
    config = student()
    config['head']['decoder'] = dict(
        type='MegviiHeatmap', input_size=(32, 48), heatmap_size=(8, 12), kernel_size=5
    )
    for name, changes in (
        ('DenoisedPoseDual', {}),
        ('DenoisedPoseDual', dict(refine=False)),
        ('DataDistill', dict(teacher_checkpoint='not loaded here', sigma=1.0)),
        ('PoseDual', dict(consistency=dict(min_confidence=0.4))),
        ('PoseCons', dict(consistency=dict(foreground_weight=10.0))),
    ):
        with pytest.raises(ValueError, match='MegviiHeatmap peak at 255'):
            build(name, config, **changes)
    build('PoseDual', config)


def test_heatmaps_with_offsets_beside_them_are_refused():
    config = student()
    config['head']['decoder'] = dict(
        type='UDPHeatmap', input_size=(32, 48), heatmap_size=(8, 12), heatmap_type='combined'
    )
    config['head']['out_channels'] = 12
    with pytest.raises(ValueError, match="use heatmap_type='gaussian'"):
        build('PoseDual', config)


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


def test_teachers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'the student predicts .* and the teacher \(5'):
        build('PseudoPose', teacher=student(num_joints=5))


# ---- several hard paths ------------------------------------------------------------


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
