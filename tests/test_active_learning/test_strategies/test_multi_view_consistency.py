"""MVC by hand, against the geometry, and on a real rig."""

import os.path as osp

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.statistics import PoolStatistics, ViewStatistics
from mmpose_al.geometry import triangulation
from tests.test_active_learning.rig import JOINTS, make_pool
from tests.test_active_learning.test_strategies.cases import build

RIG = osp.join(
    osp.dirname(__file__),
    '..',
    '..',
    '..',
    '..',
    'shared',
    'data',
    'multiview',
    'pose2sim_singleperson.npz',
)


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


def test_the_authors_code_takes_half_the_distance_of_the_inliers():
    """Against a slow version: an outlier counts for nothing, a failed joint as the diagonal."""
    pool = make_pool(5, noise=2.0)
    keypoints = pool.views.keypoints.copy()
    keypoints[0, 3] += 300  # of frame 0
    keypoints[pool.view_unit == 2, 1] = np.nan
    keep = np.arange(len(keypoints)) != 14  # frame 3 lacks a view
    pool = PoolStatistics(
        pool.views.replace(keypoints=keypoints).select(keep), pool.units, pool.labeled
    )
    groups, expected = pool.groups, []
    assert not groups.inliers[0, 0, 3] and groups.inliers[0, 1:, 3].all()
    for frame in range(5):
        joints = []
        for joint in range(JOINTS):
            views = [v for v in range(4) if groups.inliers[frame, v, joint]]
            each = [groups.errors[frame, v, joint] for v in views] if views else [800.0]
            joints.append(np.mean(each))
        expected.append(np.mean(joints) / 2)
    official = dict(type='MultiViewConsistency', squared=False, inliers_only=True, half=True)
    assert build(official).utilities(pool) == pytest.approx(expected, rel=1e-5)
    assert (
        expected[2] > 80
        and expected[0]
        < 5
        < build(dict(type='MultiViewConsistency', squared=False)).utilities(pool)[0]
    )


def test_the_mean_over_inliers_has_no_other_aggregate():
    with pytest.raises(ValueError, match="leave aggregate='max' out"):
        build(dict(type='MultiViewConsistency', inliers_only=True, aggregate='max'))


def real_pool(threshold):
    """100 frames of a real rig, and in which of them a detector took a bystander."""
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
    none = np.zeros(frames, bool)
    return PoolStatistics(views, np.arange(frames), none, threshold=threshold), wrong


@pytest.mark.skipif(not osp.isfile(RIG), reason='../shared/data/multiview is absent')
def test_mvc_ranks_the_bystander_frames_of_a_real_rig_on_top():
    pool, wrong = real_pool(20.0)
    chosen = build(dict(type='MultiViewConsistency')).select(pool, int(wrong.sum())).ids
    assert wrong.sum() == 21 and sorted(chosen) == np.flatnonzero(wrong).tolist()


@pytest.mark.skipif(not osp.isfile(RIG), reason='../shared/data/multiview is absent')
@pytest.mark.parametrize('threshold, paper, code', [(7.0, 18, 16), (10.0, 20, 5), (20.0, 21, 0)])
def test_a_mean_over_inliers_does_not_see_the_bystander(threshold, paper, code):
    """Once three views agree on a joint, the fourth, that was wrong, counts for nothing."""
    pool, wrong = real_pool(threshold)
    official = dict(type='MultiViewConsistency', squared=False, inliers_only=True, half=True)
    for strategy, expected in ((dict(type='MultiViewConsistency'), paper), (official, code)):
        assert wrong[build(strategy).select(pool, 21).ids].sum() == expected


def test_a_pool_without_cameras():
    pool = make_pool(4)
    for views in (pool.views.replace(K=np.full_like(pool.views.K, np.nan)), pool.views.drop('K')):
        pool.views = views
        with pytest.raises(ValueError, match='cameras and frames'):
            build(dict(type='MultiViewConsistency')).select(pool, 1)


def test_an_unknown_aggregate_is_refused():
    with pytest.raises(ValueError, match='sum'):
        build(dict(type='MultiViewConsistency', aggregate='sum'))
