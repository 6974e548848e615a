"""Joints without consensus, counted by hand on a rig of four cameras."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.statistics import PoolStatistics
from tests.test_active_learning.rig import JOINTS, make_pool
from tests.test_active_learning.test_strategies.cases import build

OFF = np.array([[-216.0, -217], [202, -110], [-128, 156], [-146, -201]])  # no two agree


def disturbed(frames):
    """A pool whose frames have wrong views: frame -> {joint: number of them}."""
    pool = make_pool(5, noise=0.1)
    keypoints = pool.views.keypoints.copy()
    for frame, joints in frames.items():
        rows = np.flatnonzero(pool.view_unit == frame)
        for joint, wrong in joints.items():
            keypoints[rows[:wrong], joint] += OFF[:wrong]
    pool.views = pool.views.replace(keypoints=keypoints)
    return pool


def test_by_hand():
    """One wrong view of four is no matter; with two wrong ones three do not agree."""
    pool = disturbed({0: {0: 1}, 1: {1: 2}, 2: {0: 2, 1: 3, 4: 2}})
    worth = build(dict(type='LeastConsensus')).utilities(pool)
    assert worth == pytest.approx(np.array([0, 1, 3, 0, 0]) / JOINTS, abs=1.1e-3)
    assert build(dict(type='LeastConsensus')).select(pool, 3).ids == [20, 10, 0]


def test_of_equal_shares_the_one_that_is_farther_off():
    """Frame 0: a wrong view of one joint; frame 3: of two. 4 V K = 20 errors, all cut at 1."""
    pool = disturbed({0: {0: 1}, 3: {0: 1, 2: 1}})
    worth = build(dict(type='LeastConsensus')).utilities(pool)
    assert worth[[0, 3]] == pytest.approx([1e-3 / 20, 2e-3 / 20], abs=3e-5)
    assert build(dict(type='LeastConsensus')).select(pool, 2).ids == [30, 0]


def test_how_many_have_to_agree():
    pool = disturbed({0: {0: 1}, 1: {1: 2}})
    four = build(dict(type='LeastConsensus', min_inliers=4)).utilities(pool)
    assert four == pytest.approx(np.array([1, 1, 0, 0, 0]) / JOINTS, abs=1.1e-3)
    two = build(dict(type='LeastConsensus', min_inliers=2)).utilities(pool)
    assert two == pytest.approx(np.zeros(5), abs=1.1e-3)


def test_the_threshold_is_a_share_of_the_box():
    """A 32nd of 320 is 10 pixels; of a box of 64 it is 2, and noise of 4 is too much."""
    pool = make_pool(4, noise=[0.1, 0.1, 4.0, 0.1])
    assert build(dict(type='LeastConsensus')).utilities(pool).max() < 1.1e-3
    worth = build(dict(type='LeastConsensus', threshold=2.0)).utilities(pool)
    assert worth[2] > 0.5 and worth[[0, 1, 3]].max() < 1.1e-3
    pool.views = pool.views.replace(box_side=np.full(len(pool.views), 64.0))
    assert build(dict(type='LeastConsensus')).utilities(pool) == pytest.approx(worth, abs=1e-6)


def test_views_that_are_missing_or_say_nothing():
    pool = disturbed({1: {1: 1}})
    keypoints = pool.views.keypoints.copy()
    keypoints[pool.view_unit == 3, 2] = np.nan  # no view says where joint 2 is
    keep = np.arange(len(keypoints)) != 5  # a right view of frame 1 is missing: 3 left, 1 wrong
    views = pool.views.replace(keypoints=keypoints).select(keep)
    less = PoolStatistics(views, pool.units, pool.labeled)
    worth = build(dict(type='LeastConsensus')).utilities(less)
    assert worth == pytest.approx(np.array([0, 1, 0, 1, 0]) / JOINTS, abs=1.1e-3)


@pytest.mark.parametrize(
    'bad', [dict(min_inliers=1), dict(min_inliers=2.5), dict(threshold=0), dict(threshold='4')]
)
def test_options_out_of_range(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        build(dict(type='LeastConsensus', **bad))


def test_more_views_than_there_are_cannot_agree():
    """One person in three calibrated views, one in a fourth that has no camera."""
    images = [dict(id=i, frame_id=7, camera_id=i) for i in range(3)] + [dict(id=3, frame_id=7)]
    people = [dict(id=i, image_id=i) for i in range(4)]
    pool = SimpleNamespace(
        path='p.json', data=dict(images=images, annotations=people), persons={0, 1, 2, 3}
    )
    for least in (None, 3):
        build(dict(type='LeastConsensus', min_inliers=least)).check_pool(pool)
    with pytest.raises(ValueError, match=r'LeastConsensus\(min_inliers=4\).* more than 3 calib'):
        build(dict(type='LeastConsensus', min_inliers=4)).check_pool(pool)
