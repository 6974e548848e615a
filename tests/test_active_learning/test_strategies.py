"""A conformance test for every strategy, and each strategy's own numbers."""

import os.path as osp
import warnings

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict

from mmpose_al.active_learning.k_center import Cover
from mmpose_al.active_learning.registry import QUERY_STRATEGIES
from mmpose_al.active_learning.statistics import PoolStatistics, ViewStatistics
from mmpose_al.geometry import triangulation
from tests.test_active_learning.rig import JOINTS, make_pool

RIG = osp.join(
    osp.dirname(__file__),
    '..',
    '..',
    '..',
    'shared',
    'data',
    'multiview',
    'pose2sim_singleperson.npz',
)
STRATEGIES = [
    dict(type='RandomSampling'),
    dict(type='BestVsSecondBest'),
    dict(type='BestVsSecondBest', aggregate='max'),
    dict(type='MultiPeakEntropy', aggregate='var'),
    dict(type='CommitteeDisagreement'),
    dict(type='MultiViewConsistency'),
    dict(type='MultiViewConsistency', squared=False),
    dict(type='CoreSetPoses', root=0),
    dict(type='CoreSetPoses2D', root=(0, 1)),
    dict(type='CoreSetFeatures'),
    dict(type='ViewDisagreement3D'),
    dict(
        type='WeightedCombination',
        strategies=[dict(type='MultiViewConsistency'), dict(type='MultiPeakEntropy')],
        weights=[2, 1],
    ),
    dict(
        type='UncertainAndDiverse',
        uncertainty=dict(type='MultiPeakEntropy'),
        diversity=dict(type='CoreSetPoses', root=0),
        share=0.5,
    ),
]
every = pytest.mark.parametrize(
    'config',
    STRATEGIES,
    ids=lambda c: '-'.join(str(v) for v in c.values() if isinstance(v, (str, bool))),
)


def build(config):
    return QUERY_STRATEGIES.build(ConfigDict(config))


def test_every_registered_strategy_is_tested():
    assert {c['type'] for c in STRATEGIES} == set(QUERY_STRATEGIES.module_dict)


@every
def test_conformance(config):
    labeled = [0, 30, 70]
    strategy = build(config)
    selection = strategy.select(make_pool(labeled=labeled), 6)
    # only units of the pool, no repeats, as many as asked for, nothing labelled before
    assert len(selection.ids) == len(set(selection.ids)) == 6
    assert set(selection.ids) <= set(range(0, 200, 10)) - set(labeled)
    # a utility for each pick, in falling order where one pick does not change another
    assert len(selection.utilities) == 6 and np.isfinite(selection.utilities).all()
    if 'CoreSet' not in str(config):
        assert list(np.sort(selection.utilities)[::-1]) == selection.utilities
    # the same under permutation of the pool and of the views' order
    shuffled = make_pool(labeled=labeled, order=np.random.RandomState(3).permutation(20))
    again = strategy.select(shuffled, 6)
    assert again.ids == selection.ids
    assert again.utilities == pytest.approx(selection.utilities)
    # plain data
    assert all(type(i) is int for i in selection.ids)
    assert all(type(u) is float for u in selection.utilities)


@every
def test_all_that_is_left_with_a_warning(config):
    pool = make_pool(labeled=[0, 10])
    with pytest.warns(UserWarning, match='only 18 are unlabelled'):
        selection = build(config).select(pool, 50)
    assert sorted(selection.ids) == list(range(20, 200, 10))
    with pytest.raises(ValueError, match='at least 1'):
        build(config).select(pool, 0)
    assert len(build(config).select(pool, 5.5).ids) == 6  # never the whole pool


@every
def test_spacing_and_cap(config):
    sequences, times = np.repeat(np.arange(4), 5), np.tile(np.arange(5), 4)
    strategy = build(dict(config, min_spacing=2, max_per_sequence=2))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        ids = strategy.select(make_pool(labeled=[0], sequences=sequences, times=times), 20).ids
    chosen = np.array([0] + ids) // 10
    for sequence in range(4):
        mine = np.sort(times[chosen[sequences[chosen] == sequence]])
        assert len(mine) <= 2
        assert (np.diff(mine) >= 2).all()
    assert len(ids) >= 4


@pytest.mark.parametrize('config', STRATEGIES[1:6])
def test_ties_by_id_and_failed_first(config):
    pool = make_pool(6, labeled=[0])
    flat = {
        name: np.full_like(getattr(pool.views, name), 0.5)
        for name in ('margin', 'entropy', 'disagreement')
    }
    pool.views = pool.views.replace(**flat)
    strategy = build(config)
    if config['type'] != 'MultiViewConsistency':
        assert strategy.select(pool, 3).ids == [10, 20, 30]
    failed = dict(flat)
    for name in failed:
        failed[name] = flat[name].copy()
        failed[name][pool.view_unit == 4] = np.nan
    pool.views = pool.views.replace(
        **failed,
        keypoints=np.where((pool.view_unit == 4)[:, None, None], np.nan, pool.views.keypoints),
    )
    selection = strategy.select(pool, 2)
    assert selection.ids[0] == 40


@pytest.mark.parametrize('kind', ['CoreSetPoses', 'CoreSetPoses2D'])
def test_core_set_takes_failed_frames_first(kind):
    pool = make_pool(6, labeled=[0])
    pool.views = pool.views.replace(
        keypoints=np.where((pool.view_unit == 4)[:, None, None], np.nan, pool.views.keypoints)
    )
    selection = build(dict(type=kind, root=0)).select(pool, 2)
    assert selection.ids[0] == 40 and selection.utilities[0] == np.inf
    assert np.isfinite(selection.utilities[1])


def test_random_depends_on_seed_and_round_only():
    strategy = build(STRATEGIES[0])
    first = strategy.select(make_pool(), 5).ids
    assert strategy.select(make_pool(seed=9), 5).ids == first
    assert strategy.select(make_pool(round=1), 5).ids != first
    assert strategy.select(make_pool(pool_seed=1), 5).ids != first
    # labelling one unit does not reshuffle the others
    assert strategy.select(make_pool(labeled=[first[0]]), 4).ids == first[1:]


def test_mvc_by_hand_and_names_the_noisy_frames():
    """Eq. 8: the mean squared distance over views and keypoints."""
    noise = np.ones(12)
    noise[[3, 8]] = 6.0
    pool = make_pool(12, noise=noise)
    strategy = build(dict(type='MultiViewConsistency'))
    assert sorted(strategy.select(pool, 2).ids) == [30, 80]
    errors = pool.groups.errors.astype(np.float64)
    assert strategy.utilities(pool) == pytest.approx((errors**2).mean((1, 2)), rel=1e-5)
    assert build(dict(type='MultiViewConsistency', squared=False)).utilities(pool) == pytest.approx(
        errors.mean((1, 2)), rel=1e-5
    )
    assert build(dict(type='MultiViewConsistency', aggregate='max')).utilities(
        pool
    ) == pytest.approx((errors**2).mean(2).max(1), rel=1e-5)


def test_mvc_counts_failed_keypoints_as_the_diagonal():
    pool = make_pool(4, noise=0.0)
    keypoints = pool.views.keypoints.copy()
    lost = pool.view_unit == 2
    keypoints[lost, 1] = np.nan  # one joint of five lost in all views
    pool.views = pool.views.replace(keypoints=keypoints)
    worth = build(dict(type='MultiViewConsistency')).utilities(pool)
    assert worth[2] == pytest.approx(800.0**2 / JOINTS, rel=1e-6)
    assert worth[[0, 1, 3]] == pytest.approx(0, abs=1e-6)


def test_mvc_is_the_consistency_of_the_geometry():
    """Missing views, failed joints and all: one definition of Eq. 8."""
    pool = make_pool(8, noise=3.0)
    keypoints = pool.views.keypoints.copy()
    keypoints[pool.view_unit == 2, 1] = np.nan
    keypoints[5, 0] += 200
    keep = np.arange(len(keypoints)) != 14  # frame 3 lacks a view
    pool = PoolStatistics(
        pool.views.replace(keypoints=keypoints).select(keep), pool.units, pool.labeled
    )
    errors = torch.from_numpy(pool.groups.errors).transpose(1, 2)
    for squared in (True, False):
        expected = triangulation.multi_view_consistency(errors, 800.0, squared).numpy()
        strategy = build(dict(type='MultiViewConsistency', squared=squared))
        assert strategy.utilities(pool) == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(not osp.isfile(RIG), reason='../shared/data/multiview is absent')
def test_mvc_ranks_the_bystander_frames_of_a_real_rig_on_top():
    with np.load(RIG, allow_pickle=False) as file:
        data = {
            k: file[k]
            for k in file.files
            if k
            in ('K', 'R', 't', 'dist', 'image_size', 'kpts_mediapipe', 'wrong_person_mediapipe')
        }
    frames, cameras, joints = data['kpts_mediapipe'].shape[:3]
    wrong = data['wrong_person_mediapipe'].any(1)
    frame, view = (x.ravel() for x in np.indices((frames, cameras)))
    many = frames * cameras
    dist = np.zeros((cameras, 14))
    dist[:, : data['dist'].shape[1]] = data['dist']
    views = ViewStatistics(
        id=np.arange(many),
        image_id=np.arange(many),
        unit=frame,
        frame_id=frame,
        camera_id=view,
        person_id=np.zeros(many, int),
        keypoints=data['kpts_mediapipe'].reshape(many, joints, 2),
        scores=np.ones((many, joints)),
        diagonal=np.linalg.norm(data['image_size'].astype(float), axis=-1)[view],
        K=data['K'][view].astype(float),
        R=data['R'][view].astype(float),
        t=data['t'][view].astype(float),
        dist=dist[view],
    )
    pool = PoolStatistics(views, np.arange(frames), np.zeros(frames, bool))
    chosen = build(dict(type='MultiViewConsistency')).select(pool, int(wrong.sum())).ids
    assert wrong.sum() == 21 and sorted(chosen) == np.flatnonzero(wrong).tolist()


def test_strategies_without_what_they_need_say_so():
    pool = make_pool(4)
    pool.views = pool.views.replace(K=np.full_like(pool.views.K, np.nan))
    with pytest.raises(ValueError, match='cameras and frames'):
        build(dict(type='MultiViewConsistency')).select(pool, 1)
    pool.views = pool.views.drop('disagreement', 'features', 'keypoints_3d')
    with pytest.raises(ValueError, match="'disagreement'.*PoseDual.*score the pool again"):
        build(dict(type='CommitteeDisagreement')).select(pool, 1)
    with pytest.raises(ValueError, match='score the pool again'):
        build(dict(type='CoreSetFeatures')).select(pool, 1)
    with pytest.raises(ValueError, match='Heatmap2p5DHead'):
        build(dict(type='ViewDisagreement3D')).select(pool, 1)
    with pytest.raises(ValueError, match='beyond the 5'):
        build(dict(type='CoreSetPoses', root=11)).select(make_pool(4), 1)


def test_view_disagreement_by_hand():
    """Two views of each frame; the second's root is moved, its pose turned and bent."""
    pool = make_pool(3)
    keep = np.isin(pool.views.camera_id, (0, 1))
    views = pool.views.select(keep)
    pose = np.array([[0.0, 0, 0], [300, 0, 0], [0, 400, 0], [0, 0, 500], [200, 0, 90]])
    turned = pose @ np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).T + [5.0, 6, 7]
    points = np.stack([pose, turned] * 3)
    points[3] = 1.1 * points[3]  # frame 1: 10 % larger
    points[4, 0, 0] = np.nan  # frame 2: one view has no depth
    # no extrinsics needed
    views = views.replace(keypoints_3d=points.astype(np.float32), R=np.full_like(views.R, np.nan))
    pool = PoolStatistics(views, pool.units, pool.labeled)
    worth = build(dict(type='ViewDisagreement3D')).utilities(pool)
    # a larger pose about the same centre: every joint is off by 10 % of its distance
    expected = 0.1 * np.linalg.norm(pose - pose.mean(0), axis=1).mean()
    assert worth[0] == pytest.approx(0, abs=0.01)
    assert worth[1] == pytest.approx(expected, rel=1e-4)
    assert np.isnan(worth[2])
    assert build(dict(type='ViewDisagreement3D')).select(pool, 2).ids == [20, 10]


@pytest.mark.parametrize(
    'bad',
    [
        dict(type='BestVsSecondBest', aggregate='median'),
        dict(type='MultiViewConsistency', aggregate='sum'),
        dict(type='RandomSampling', min_spacing=-1),
        dict(type='RandomSampling', max_per_sequence=0),
        dict(type='WeightedCombination', strategies=[]),
        dict(type='WeightedCombination', strategies=[STRATEGIES[0]], weights=[1, 2]),
        dict(type='UncertainAndDiverse', uncertainty=STRATEGIES[0], diversity=STRATEGIES[0]),
        dict(
            type='UncertainAndDiverse', uncertainty=STRATEGIES[0], diversity=STRATEGIES[7], share=0
        ),
    ],
)
def test_bad_settings(bad):
    with pytest.raises(ValueError):
        build(bad)


# ---- k-centre ----------------------------------------------------------------------


def slow_k_center(poses, labeled, budget):
    """Eq. 6, 7 word for word, one pair at a time."""
    centers, chosen = list(labeled), []
    for _ in range(budget):
        best, far = None, -1.0
        for candidate in range(len(poses)):
            if candidate in centers:
                continue
            nearest = min(
                np.mean([np.linalg.norm(a - b) for a, b in zip(poses[candidate], poses[center])])
                for center in centers
            )
            if nearest > far + 1e-9:
                best, far = candidate, nearest
        centers.append(best)
        chosen.append((best, far))
    return chosen


def test_core_set_poses_against_a_slow_version():
    points = np.random.RandomState(0).normal(0, 300, (20, JOINTS, 3))
    pool = make_pool(20, labeled=[0, 50], noise=0.0, points=points)
    selection = build(dict(type='CoreSetPoses', root=0)).select(pool, 7)
    aligned = points - points[:, :1]
    expected = slow_k_center(aligned, [0, 5], 7)
    assert selection.ids == [10 * i for i, _ in expected]
    assert selection.utilities == pytest.approx([d for _, d in expected], rel=1e-4)


def test_cover_with_missing_joints_uses_common_ones():
    points = np.array([[[0.0, 0], [5, 0]], [[3, 4], [np.nan, np.nan]], [[0, 1], [5, 2]]])
    cover = Cover(points)
    cover.add(0)
    assert cover.nearest.tolist() == pytest.approx([0, 5, 1.5])
    many = Cover(points)
    many.add_many([0, 1])
    assert many.nearest.tolist() == pytest.approx([0, 0, min(1.5, 18**0.5)])


def test_nothing_labelled_starts_in_the_middle():
    points = np.zeros((5, JOINTS, 3))
    points[:, 1:, 0] = np.array([-400.0, -150, 20, 180, 420])[:, None]
    pool = make_pool(5, noise=0.0, points=points)
    ids = build(dict(type='CoreSetPoses', root=0)).select(pool, 3).ids
    assert ids[0] == 20 and set(ids[1:]) == {0, 40}


def test_uncertain_and_diverse_stays_in_the_uncertain_share():
    pool = make_pool(20, labeled=[0])
    entropy = pool.over_views(pool.views.entropy)
    config = dict(STRATEGIES[-1], share=0.3)
    ids = build(config).select(pool, 4).ids
    free = np.arange(1, 20)
    kept = free[np.argsort(-entropy[1:])][:6] * 10
    assert set(ids) <= set(kept.tolist())


def test_uncertain_and_diverse_fills_up_where_the_share_is_too_near():
    """One recording, whose first third is uncertain: three of it at most."""
    noise = np.where(np.arange(60) < 15, 6.0, 1.0)
    pool = make_pool(
        60, labeled=[590], noise=noise, sequences=np.zeros(60, int), times=np.arange(60)
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ids, utilities = build(
            dict(
                type='UncertainAndDiverse',
                uncertainty=dict(type='MultiViewConsistency'),
                diversity=dict(type='CoreSetPoses', root=0),
                share=0.25,
                min_spacing=5,
            )
        ).select(pool, 7)
    assert (np.diff(sorted(ids)) >= 50).all() and len(ids) == 7
    first = sum(i < 150 for i in ids)
    assert all(i < 150 for i in ids[:first])
    assert min(utilities[:first]) > 0 and set(utilities[first:]) == {0.0}


def test_weighted_combination_by_hand():
    pool = make_pool(4)
    one = np.array([0.1, 0.4, 0.2, 0.3])
    two = np.array([0.9, 0.1, 0.5, 0.7])
    pool.views = pool.views.replace(margin=-one[pool.view_unit], entropy=two[pool.view_unit])
    worth = build(
        dict(
            type='WeightedCombination',
            weights=[1, 2],
            strategies=[dict(type='BestVsSecondBest'), dict(type='MultiPeakEntropy')],
        )
    ).utilities(pool)
    # ranks 1/4, 4/4, 2/4, 3/4 and 4/4, 1/4, 2/4, 3/4
    assert worth.tolist() == pytest.approx([2.25, 1.5, 1.5, 2.25])
