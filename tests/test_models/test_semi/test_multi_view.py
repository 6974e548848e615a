"""MultiViewPoseDual: what the other cameras make of a teacher's heatmaps."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS, TRANSFORMS
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import get_warp_matrix

import mmpose_al  # noqa: F401
from mmpose_al.geometry.cameras import project
from mmpose_al.geometry.heatmaps import gaussians, peaks
from mmpose_al.models.semi.multi_view import rig_of
from mmpose_al.models.views import View, easy_view
from tests.helpers import PREPROCESSOR, images, student
from tests.test_geometry.test_consensus import JOINTS, rig, slow
from tests.test_models.test_semi.estimators import gradients
from tests.test_models.test_semi.keypoint_heads import SIMCC, rtmpose

FLIP, SIZE, VIEWS = [1, 0, 3, 2, 4, 5], 64, 6


def batch(groups=2, seed=0, lens=True, flips=True, turn=30):
    """Samples of groups of views as a pipeline with InputCamera makes them.

    Returns:
        tuple: Samples, and where the joints are in each input, under the name that a
        network gives them there, float64 (G, V, J, 2).
    """
    _, cameras, seen = rig(groups, VIEWS, seed, lens)
    random = np.random.RandomState(seed + 100)
    transform = TRANSFORMS.build(dict(type='InputCamera'))
    samples, places = [], np.zeros((groups, VIEWS, JOINTS, 2))
    for group in range(groups):
        for view in range(VIEWS):
            flip = bool(flips and random.rand() < 0.5)
            results = dict(
                camera={name: value[group, view].numpy() for name, value in cameras.items()},
                img_path=f'{group}-{view}.jpg',
                ori_shape=(160, 160),
                input_size=(SIZE, SIZE),
                input_center=np.array([80.0, 79]) + random.uniform(-3, 3, 2),
                input_scale=np.full(2, random.uniform(150, 190)),
                bbox_rotation=np.array([random.uniform(-turn, turn)]),
                keypoints=np.zeros((1, JOINTS, 2)),
                flip=flip,
                flip_indices=FLIP,
            )
            results = transform.transform(results)
            assert 'relative_depth' not in results
            matrix = get_warp_matrix(
                results['input_center'],
                results['input_scale'],
                results['bbox_rotation'][0],
                output_size=(SIZE, SIZE),
            )
            pixels = seen[group, view].numpy().copy()
            if flip:
                pixels[:, 0] = 159 - pixels[:, 0]
                pixels = pixels[FLIP]
            places[group, view] = pixels @ matrix[:, :2].T + matrix[:, 2]
            keys = ('img_path', 'flip', 'input_K', 'input_dist', 'input_R', 'input_t')
            meta = {key: results[key] for key in keys}
            meta.update(frame_id=group, person_id=0, flip_indices=FLIP, is_labeled=False)
            samples.append(PoseDataSample(metainfo=dict(meta, aug_seed=len(samples))))
    return samples, torch.from_numpy(places)


def model(size=SIZE, **options):
    network = student(JOINTS, input_size=(SIZE, SIZE), heatmap_size=(size, size))
    network['head']['decoder']['unbiased'] = True
    options = {**dict(num_views=VIEWS, min_inliers=3, threshold=2.0), **options}
    return MODELS.build(
        {
            **dict(type='MultiViewPoseDual', students=network, data_preprocessor=PREPROCESSOR),
            **options,
        }
    )


def lessons(estimator, samples, seen, hard=None):
    """Lessons where both teachers see the joints at ``seen`` (G, V, J, 2)."""
    heatmaps = gaussians(seen.flatten(0, 1).float(), (SIZE, SIZE), 1.5)
    estimator.teacher_heatmaps = lambda teacher, images: heatmaps
    hard = hard or easy_view(len(samples), heatmaps)
    inputs = images(len(samples), (SIZE, SIZE))
    return estimator.teach(inputs, samples, hard, np.arange(len(samples)), FLIP)


def inside(places):
    return ((places >= 0) & (places <= SIZE - 1)).all(-1)


def test_a_view_that_was_wrong_is_taught_the_true_place():
    """Crops turned and mirrored, lenses, left and right exchanged, joints far off."""
    samples, places = batch()
    assert any(s.metainfo['flip'] for s in samples) and inside(places).float().mean() > 0.9
    seen = places.clone()
    seen[0, 1, 4] = torch.tensor([5.0, 60])  # far off
    seen[1, 3, [0, 1]] = places[1, 3, [1, 0]]  # the wrong way round
    for lesson in lessons(model(), samples, seen):
        known = inside(places).flatten(0, 1)
        assert (lesson.weight > 0).equal(known)
        found = peaks(lesson.target)[0]
        assert (found - places.flatten(0, 1))[known].norm(dim=-1).max() < 0.8
        assert (lesson.joints - places.flatten(0, 1))[known].norm(dim=-1).max() < 0.8
    alone = lessons(model(exchange=False), samples, seen)[0]
    assert (alone.weight > 0).equal(known)  # the other five views agree all the same


def test_against_a_slow_version():
    """Noise, outliers and no consensus: weights and places as OpenCV and SciPy have them."""
    samples, places = batch(groups=3, seed=5, flips=False, turn=0)  # OpenCV's K is upright
    random = np.random.RandomState(6)
    seen = places + torch.from_numpy(random.normal(0, 0.2, places.shape))
    spoilt = torch.from_numpy(random.rand(*places.shape[:3]) < 0.35)
    seen[spoilt] = torch.from_numpy(random.uniform(0, SIZE - 1, (int(spoilt.sum()), 2)))
    heatmaps = gaussians(seen.flatten(0, 1).float(), (SIZE, SIZE), 1.5)
    estimator = model(exchange=False, weight='inliers', min_inliers=4)
    lesson = lessons(estimator, samples, seen)[0]
    cameras = rig_of(samples, VIEWS, heatmaps)
    decoded = estimator.students[0].head.decode(heatmaps)
    decoded = np.stack([one.keypoints[0] for one in decoded]).reshape(3, VIEWS, JOINTS, 2)
    shares, found = [], peaks(lesson.target)[0].unflatten(0, (3, VIEWS))
    weight = lesson.weight.unflatten(0, (3, VIEWS))
    for group in range(3):
        own = dict(K=cameras.K[group], R=cameras.R[group], t=cameras.t[group])
        own['dist'] = cameras.dist[group]
        for joint in range(JOINTS):
            point, inliers = slow(decoded[group, :, joint].astype(np.float64), own, 2.0)
            shares.append(inliers.mean() if inliers.sum() >= 4 else 0)
            shown = project(torch.from_numpy(point)[None, None], **own)[0][:, 0]
            expected = float(shares[-1]) * inside(shown).double()
            torch.testing.assert_close(weight[group, :, joint].double(), expected)
            if shares[-1]:
                apart = (found[group, :, joint] - shown).norm(dim=-1)
                assert apart[inside(shown)].max() < 0.9
    assert 0 < np.mean(np.array(shares) == 0) < 1 and len(set(shares)) > 3


def test_hard_views_carry_target_and_weight():
    """A mirrored hard view has the weights of left and right exchanged too."""
    samples, places = batch(groups=1, lens=False)
    seen = places.clone()
    column = [FLIP[0] if s.metainfo['flip'] else 0 for s in samples]
    for view, joint in enumerate(column):  # nobody agrees on joint 0 of the world
        seen[0, view, joint] = torch.rand(2).double() * SIZE
    matrix = torch.tensor([[-1.0, 0, SIZE - 1], [0, 1, 0]]).expand(VIEWS, 2, 3)
    hard = View(matrix, torch.ones(VIEWS, dtype=torch.bool))
    estimator = model(threshold=0.5, min_inliers=5)
    lesson = lessons(estimator, samples, seen, hard)[0]
    for view, joint in enumerate(column):
        assert lesson.weight[view, FLIP[joint]] == 0
        others = [i for i in range(JOINTS) if i != joint and inside(places)[0, view, i]]
        assert (lesson.weight[view, [FLIP[i] for i in others]] == 1).all()
        mirrored = places[0, view].clone()
        mirrored[:, 0] = SIZE - 1 - mirrored[:, 0]
        for i in others:
            assert (peaks(lesson.target)[0][view, FLIP[i]] - mirrored[i]).norm() < 0.8


def test_fallback():
    samples, places = batch(groups=1)
    seen = torch.rand(places.shape).double() * (SIZE - 1)  # no two views agree
    ignored = lessons(model(min_inliers=6), samples, seen)[0]
    assert (ignored.weight == 0).all()
    kept = lessons(model(min_inliers=6, fallback='heatmap'), samples, seen)[0]
    own = gaussians(seen.flatten(0, 1).float(), (SIZE, SIZE), 1.5)
    assert (kept.weight == 1).all()
    torch.testing.assert_close(kept.target, own, atol=1e-5, rtol=0)


def test_the_same_camera_twice_is_one_voice():
    """A frame with two cameras fills a group of six: they are two views, not six."""
    samples, places = batch(groups=1, flips=False)
    few = [samples[0], samples[1], *[samples[0]] * 4]
    seen = places[:, [0, 1, 0, 0, 0, 0]]
    for agree, taught in ((2, True), (3, False)):
        lesson = lessons(model(min_inliers=agree), few, seen)[0]
        assert (lesson.weight[inside(seen)[0]] > 0).all() == taught
        assert (lesson.weight > 0).any() == taught


def test_a_camera_that_stands_twice_counts_once_in_the_share():
    """Two cameras that agree are all of a rig of two, however often a group shows them."""
    samples, places = batch(groups=1, flips=False)
    few = [samples[0], samples[1], *[samples[0]] * 4]
    seen = places[:, [0, 1, 0, 0, 0, 0]]
    lesson = lessons(model(min_inliers=2, weight='inliers'), few, seen)[0]
    torch.testing.assert_close(lesson.weight, inside(seen)[0].to(lesson.weight))


def test_gradients_flow_into_hard_views_only():
    """Both students learn, and what teaches them has no gradient."""
    samples, places = batch(groups=1)
    network = student(JOINTS, input_size=(SIZE, SIZE), heatmap_size=(16, 16))
    estimator = MODELS.build(
        dict(
            type='MultiViewPoseDual',
            students=network,
            data_preprocessor=PREPROCESSOR,
            num_views=VIEWS,
            fallback='heatmap',
            hard_augments=[dict(type='JointCutout', num_joints=2)],
        )
    )
    made = []
    original = estimator.teach
    estimator.teach = lambda *args: made.extend(original(*args)) or made
    inputs = images(VIEWS, (SIZE, SIZE)).requires_grad_()
    losses = estimator.loss(inputs, samples)
    assert not any(each.requires_grad for lesson in made for each in lesson)
    assert 0 < losses['taught'] <= 1
    for index in (0, 1):
        estimator.zero_grad()
        losses[f'unsup_student{index}_loss_kpt'].backward(retain_graph=True)
        for other in (0, 1):
            moved = [p.grad is not None and p.grad.abs().sum() > 0
                     for p in estimator.students[other].parameters()]  # fmt: skip
            assert any(moved) == (index == other)


def test_groups_and_cameras_are_checked():
    samples, _ = batch(groups=1)
    like = torch.zeros(1)
    with pytest.raises(ValueError, match='no groups of 4 views; let a LabeledGroupSampler'):
        rig_of(samples, 4, like)
    samples[2].set_metainfo(dict(frame_id=7))
    with pytest.raises(ValueError, match='of one group belong to'):
        rig_of(samples, 6, like)
    samples[2].set_metainfo(dict(frame_id=0))
    del samples[3].input_t
    with pytest.raises(ValueError, match='0-3.jpg has no input_t.*InputCamera'):
        rig_of(samples, 6, like)


@pytest.mark.parametrize(
    'options, text',
    [
        (dict(num_views=1), 'num_views is at least 2'),
        (dict(min_inliers=1), 'min_inliers lies between'),
        (dict(min_inliers=7), 'min_inliers lies between'),
        (dict(threshold=0), 'above 0'),
        (dict(fallback='mean'), "'ignore' or 'heatmap'"),
        (dict(weight='error'), 'weight is one of'),
        (dict(sigma=0), 'sigma must be above 0'),
    ],
)
def test_settings_that_cannot_be(options, text):
    network = student(JOINTS, input_size=(SIZE, SIZE), heatmap_size=(16, 16))
    settings = {**dict(num_views=VIEWS, min_inliers=3), **options}
    with pytest.raises(ValueError, match=text):
        MODELS.build(dict(type='MultiViewPoseDual', students=network, **settings))


# ------------------------------------------------------------------- combinations

PATHS = [
    [dict(type='JointCutOcclude'), dict(type='RandomCutout')],
    [dict(type='JointCutout'), dict(type='RandomCutMix')],
]


@pytest.mark.parametrize('kind', ['MultiViewPoseDual', 'MultiViewDenoisedPoseDual'])
@pytest.mark.parametrize(
    'hard',
    [
        dict(hard_augments=[dict(type='JointCutout', num_joints=2)]),
        dict(hard_augments=[dict(type='PoseRandAugment')]),
        dict(hard_paths=PATHS),
    ],
    ids=['JointCutout', 'PoseRandAugment', 'MultiPathPose'],
)
def test_what_makes_views_hard_changes_images_but_not_lessons(kind, hard):
    """Both students are taught the same as on plain hard views, on each path."""
    samples, places = batch()
    torch.manual_seed(0)
    plain = model(16, type=kind, threshold=4.0)
    combined = model(16, type=kind, threshold=4.0, **hard)
    combined.load_state_dict(plain.state_dict())
    inputs = images(len(samples), (SIZE, SIZE))
    heatmaps = gaussians(places.flatten(0, 1).float() / 4, (16, 16), 1.0)
    taught, seen = {}, {}
    for name, estimator in (('plain', plain), ('combined', combined)):
        estimator.teacher_heatmaps = lambda teacher, images: heatmaps
        teach, look = estimator.teach, estimator.hard_heatmaps
        estimator.teach = lambda *a, teach=teach, name=name: taught.setdefault(name, teach(*a))
        estimator.hard_heatmaps = lambda student, shown, look=look, name=name: (
            seen.setdefault(name, []).append(shown),
            look(student, shown),
        )[1]
        losses = estimator.loss(inputs, samples)
        assert all(losses[f'unsup_student{i}_loss_kpt'].item() > 0 for i in (0, 1))
    for one, other in zip(taught['plain'], taught['combined']):
        assert one.weight.mean() > 0.8 and one.weight.equal(other.weight)
        assert one.target.equal(other.target)
    assert len(seen['combined']) == 2 * len(hard.get('hard_paths', [1]))
    assert not any(shown.equal(seen['plain'][0]) for shown in seen['combined'])


@pytest.mark.parametrize('kind', ['MultiViewPoseDual', 'MultiViewDenoisedPoseDual'])
def test_what_does_not_combine(kind):
    with pytest.raises(ValueError, match='sigma .*lessons are keypoints'):
        model(type=kind, lesson='keypoints', sigma=1.5)
    with pytest.raises(ValueError, match=f'number of students of {kind} is 2; got 1'):
        model(type=kind, students=[student(JOINTS)])


def denoised(**options):
    return model(type='MultiViewDenoisedPoseDual', num_strong=0, select=False, sigma=1.5, **options)


def test_denoised_heatmaps_take_the_cameras_places():
    """Without further views and selection it is MultiViewPoseDual; mirrored hard views too."""
    samples, places = batch()
    seen = places.clone()
    seen[0, 1, 4] = torch.tensor([5.0, 60])
    for view in range(VIEWS):  # nobody agrees on joint 0 of the world
        seen[0, view, FLIP[0] if samples[view].metainfo['flip'] else 0] = torch.rand(2) * SIZE
    matrix = torch.tensor([[-1.0, 0, SIZE - 1], [0, 1, 0]]).expand(2 * VIEWS, 2, 3)
    hard = View(matrix, torch.arange(2 * VIEWS) % 2 == 0)
    hard = View(
        torch.where(hard.flip[:, None, None], matrix, easy_view(1, matrix).matrix), hard.flip
    )
    expected = lessons(model(sigma=1.5, min_inliers=5), samples, seen, hard)
    found = lessons(denoised(min_inliers=5), samples, seen, hard)
    for one, other in zip(expected, found):
        known = one.weight > 0
        assert known.float().mean() > 0.8 and one.weight.equal(other.weight)
        torch.testing.assert_close(other.target[known], one.target[known])
        assert one.joints.equal(other.joints)


@pytest.mark.parametrize('fallback, taught', [('ignore', 0), ('heatmap', 1)])
def test_denoised_without_agreement(fallback, taught):
    """Yu24's heatmap is the lesson where the cameras do not agree, or there is none."""
    samples, places = batch(groups=1)
    seen = torch.rand(places.shape).double() * (SIZE - 1)
    lesson = lessons(denoised(min_inliers=6, fallback=fallback), samples, seen)[0]
    assert (lesson.weight == taught).all()
    unsure = lessons(denoised(min_inliers=6, fallback=fallback, confident=1.1), samples, seen)[0]
    assert (unsure.weight == 0).all()
    assert (peaks(lesson.target)[0] - seen.flatten(0, 1)).norm(dim=-1).max() < 0.8


def test_denoised_selects_by_the_networks_own_uncertainty():
    """A student that is surer takes its own lesson, the cameras' correction included."""
    samples, places = batch(groups=1, flips=False)
    estimator = model(type='MultiViewDenoisedPoseDual', sigma=1.5, num_strong=0)
    shifted = places + 4.0
    own, other = (
        gaussians(each.flatten(0, 1).float(), (SIZE, SIZE), 1.5) for each in (places, shifted)
    )
    estimator.teacher_heatmaps = lambda teacher, images: (own, other)[teacher]
    original = estimator.denoise

    def denoise(heatmaps, seen, easy):
        made = original(heatmaps, seen, easy)
        unsure = torch.full_like(made.uncertainty, 0.5 if easy is other else 0.1)
        return made._replace(uncertainty=unsure)

    estimator.denoise = denoise
    hard = easy_view(VIEWS, own)
    first, second = estimator.teach(
        images(VIEWS, (SIZE, SIZE)), samples, hard, np.arange(VIEWS), FLIP
    )
    known = inside(places)[0]
    for lesson in (first, second):  # the surer network's, to itself and to the other
        assert (peaks(lesson.target)[0] - places[0])[known].norm(dim=-1).max() < 0.8


# ------------------------------------------------------------------- lessons in keypoints


def simcc(**options):
    """An estimator of two networks with RTMPose's head."""
    network = rtmpose(
        out_channels=JOINTS,
        input_size=(SIZE, SIZE),
        in_featuremap_size=(16, 16),
        decoder=dict(SIMCC, input_size=(SIZE, SIZE)),
    )
    return model(students=network, **options)


def keypoint_lessons(estimator, samples, seen, hard=None, sure=None):
    """As ``lessons``, where both teachers are as sure as ``sure`` (G V, J), 0.5 by default."""
    places = seen.flatten(0, 1).float()
    sure = torch.full(places.shape[:2], 0.5) if sure is None else sure
    estimator.teacher_keypoints = lambda teacher, images: (places, sure)
    hard = hard or easy_view(len(samples), places)
    inputs = images(len(samples), (SIZE, SIZE))
    return estimator.teach(inputs, samples, hard, np.arange(len(samples)), FLIP)


@pytest.mark.parametrize('kind', ['MultiViewPoseDual', 'MultiViewDenoisedPoseDual'])
def test_keypoints_of_a_view_that_was_wrong_are_the_true_places(kind):
    """To a thousandth of a pixel: nothing is redrawn. On mirrored hard views the weights of
    left and right are exchanged too; nobody agrees on joint 0 of the first group's world."""
    samples, places = batch()
    seen = places.clone()
    seen[0, 1, 4] = torch.tensor([5.0, 60])  # far off
    seen[1, 3, [0, 1]] = places[1, 3, [1, 0]]  # the wrong way round
    matrix = torch.tensor([[-1.0, 0, SIZE - 1], [0, 1, 0]]).expand(2 * VIEWS, 2, 3)
    hard = View(matrix, torch.ones(2 * VIEWS, dtype=torch.bool))
    more = dict(num_strong=0) if kind == 'MultiViewDenoisedPoseDual' else {}
    known, true = inside(places).flatten(0, 1), places.flatten(0, 1).float()
    for view in range(VIEWS):
        joint = FLIP[0] if samples[view].metainfo['flip'] else 0
        seen[0, view, joint] = torch.rand(2).double() * SIZE
        known[view, joint] = False
    mirrored = torch.stack([SIZE - 1 - true[..., 0], true[..., 1]], -1)[:, FLIP]
    estimator = simcc(type=kind, threshold=0.5, min_inliers=5, **more)
    for lesson in keypoint_lessons(estimator, samples, seen, hard):
        assert (lesson.weight > 0).equal(known[:, FLIP])
        assert (lesson.joints - true)[known].norm(dim=-1).max() < 2e-3
        assert (lesson.places - mirrored)[known[:, FLIP]].norm(dim=-1).max() < 2e-3
        assert (lesson.certainty[known[:, FLIP]] == 1).all()
        assert (lesson.confidence[known] == 1).all()


def test_keypoints_without_agreement_weigh_nothing_or_as_the_teacher_is_sure():
    samples, places = batch(groups=1)
    seen = torch.rand(places.shape).double() * (SIZE - 1)  # no two views agree
    sure = torch.rand(VIEWS, JOINTS)
    ignored = keypoint_lessons(simcc(min_inliers=6), samples, seen)[0]
    assert (ignored.weight == 0).all()
    kept = keypoint_lessons(simcc(min_inliers=6, fallback='heatmap'), samples, seen, sure=sure)[0]
    assert (kept.weight == 1).all() and kept.certainty.equal(sure)
    assert kept.places.equal(seen.flatten(0, 1).float())
    denoised = dict(type='MultiViewDenoisedPoseDual', num_strong=0, min_inliers=6, confident=0.5)
    for fallback, expected in (('ignore', sure * 0), ('heatmap', (sure > 0.5).float())):
        estimator = simcc(fallback=fallback, **denoised)
        lesson = keypoint_lessons(estimator, samples, seen, sure=sure)[0]
        assert lesson.weight.equal(expected)


def test_share_of_the_views_that_agree_is_the_weight_of_a_keypoint():
    samples, places = batch(groups=1, flips=False)
    seen = places.clone()
    seen[0, 2, 5] = torch.tensor([3.0, 3.0])
    lesson = keypoint_lessons(simcc(weight='inliers'), samples, seen)[0]
    expected = torch.ones(VIEWS, JOINTS)
    expected[:, 5] = (VIEWS - 1) / VIEWS
    assert torch.allclose(lesson.weight, expected * inside(places)[0])


@pytest.mark.parametrize('kind', ['MultiViewPoseDual', 'MultiViewDenoisedPoseDual'])
def test_simcc_learns_on_hard_views_only_and_takes_two_steps(kind):
    samples, places = batch()
    torch.manual_seed(0)
    estimator = simcc(type=kind, threshold=20.0, hard_augments=[dict(type='JointCutout')]).train()
    assert estimator.lesson_kind == 'keypoints'
    for parameter in estimator.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    optimizer = torch.optim.SGD(estimator.parameters(), lr=1e-3)
    for _ in range(2):
        losses = estimator.loss(images(len(samples), (SIZE, SIZE)), samples)
        assert gradients(estimator, losses['unsup_student0_loss_kpt']) == [True, False]
        assert gradients(estimator, losses['unsup_student1_loss_kpt']) == [False, True]
        assert 0 < losses['taught'] <= 1
        optimizer.zero_grad()
        sum(value for name, value in losses.items() if 'loss' in name).backward()
        assert all(p.grad.isfinite().all() for p in estimator.parameters())
        optimizer.step()


@pytest.mark.parametrize('lesson', ['heatmaps', 'keypoints'])
@pytest.mark.parametrize('kind', ['MultiViewPoseDual', 'MultiViewDenoisedPoseDual'])
def test_the_response_is_the_teachers_own_not_the_cameras(kind, lesson):
    """A redrawn joint has the height 1; whoever watches for a collapse would never see it."""
    samples, places = batch(groups=1)
    network = student(JOINTS, input_size=(SIZE, SIZE), heatmap_size=(16, 16))
    options = dict(num_views=VIEWS, threshold=9.0, min_inliers=3, lesson=lesson)
    estimator = MODELS.build(
        dict(type=kind, students=network, data_preprocessor=PREPROCESSOR, **options)
    )
    low = 0.25 * gaussians(places.flatten(0, 1).float() / 4, (16, 16), 1.5)
    sure = torch.full((VIEWS, JOINTS), 0.25)
    estimator.teacher_heatmaps = lambda teacher, images: low
    estimator.teacher_keypoints = lambda teacher, images: (places.flatten(0, 1).float(), sure)
    losses = estimator.loss(images(VIEWS, (SIZE, SIZE)), samples)
    own = low.flatten(2).amax(-1) if lesson == 'heatmaps' else sure
    assert losses['taught'] > 0.5
    assert float(losses['response_easy']) == pytest.approx(float(own.mean()), rel=1e-5)
