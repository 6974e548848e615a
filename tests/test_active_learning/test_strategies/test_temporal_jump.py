"""Joints that jump, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.strategies.temporal_jump import temporal_jumps
from tests.test_active_learning.rig import JOINTS, make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_distance_to_the_line_between_the_neighbours_by_hand():
    """Times 0, 1, 3, 7 of one recording, out of order, and two of another."""
    times = np.array([3.0, 0, 1, 7, 0, 1])
    keys = (np.array([0, 0, 0, 0, 1, 1]),)
    points = np.array([[9.0, 0], [0, 0], [3, 5], [1, 0], [50, 50], [60, 50]])[:, None]
    found = temporal_jumps(points, times, keys)[:, 0]
    # At 1 the line from (0, 0) at 0 to (9, 0) at 3 is at (3, 0); at 3 the line from (3, 5) at 1
    # to (1, 0) at 7 is at (3 - 2 / 3, 5 - 5 / 3).
    assert found[2] == pytest.approx(5)
    assert found[0] == pytest.approx(np.hypot(9 - 7 / 3, 10 / 3))
    assert np.isnan(found[[1, 3, 4, 5]]).all()
    near = temporal_jumps(points, times, keys, max_gap=2)[:, 0]
    assert near[2] == pytest.approx(5) and np.isnan(near[0])  # 7 is 4 away from 3
    same = temporal_jumps(points[:3], np.zeros(3), (np.zeros(3),))
    assert np.isnan(same).all()


def test_the_frame_in_which_a_joint_jumps_comes_first():
    """A person that moves steadily, one of whose joints is off by 32 of a box of 320 in a view."""
    pool = make_pool(6)
    frame, view = pool.view_unit, pool.views.camera_id
    steady = np.zeros((len(frame), JOINTS, 2)) + (frame * 7.0)[:, None, None]
    steady += view[:, None, None] * 100.0
    off = steady.copy()
    (jumped,) = np.nonzero((frame == 3) & (view == 1))[0]
    off[jumped, 2, 0] += 32
    pool.views = pool.views.replace(keypoints=off)
    strategy = build(dict(type='TemporalJump'))
    views = 0.1 / JOINTS / 4  # the mean over joints, then over four views
    assert strategy.utilities(pool) == pytest.approx([0, 0, views / 2, views, views / 2, 0])
    assert strategy.select(pool, 1).ids == [30]
    largest = build(dict(type='TemporalJump', aggregate='max'))
    assert largest.utilities(pool)[3] == pytest.approx(0.1 / JOINTS)
    assert largest.shown(0.1 / JOINTS) == '2 % of the box'


def test_recordings_cameras_and_persons_are_apart():
    pool = make_pool(4)
    pool.sequences = np.array([0, 0, 1, 1])  # no frame has both neighbours
    with pytest.raises(ValueError, match='no view of the pool has both.*sequence and index'):
        build(dict(type='TemporalJump')).utilities(pool)
    pool = make_pool(4)
    pool.views = pool.views.replace(person_id=np.arange(len(pool.views)))
    with pytest.raises(ValueError, match='no view of the pool has both'):
        build(dict(type='TemporalJump')).utilities(pool)


def test_a_camera_that_moves_is_one_camera():
    """It has an id for each image, all of one name."""
    pool = make_pool(4)
    pool.views = pool.views.replace(camera_id=np.arange(len(pool.views)) + 50)
    with pytest.raises(ValueError, match='no view of the pool has both'):
        build(dict(type='TemporalJump')).utilities(pool)
    pool.cameras = {50 + i: 50 + i % 4 for i in range(len(pool.views))}
    assert pool.camera.tolist() == [50, 51, 52, 53] * 4
    assert (build(dict(type='TemporalJump')).utilities(pool)[[0, 3]] == 0).all()


def test_settings_that_cannot_be():
    for gap in (0, -1, float('nan'), 'two'):
        with pytest.raises(ValueError, match='max_gap is a finite number above 0'):
            build(dict(type='TemporalJump', max_gap=gap))


def test_recordings_without_neighbours_are_refused_before_a_training():
    strategy = build(dict(type='TemporalJump', max_gap=3))
    combined = dict(type='WeightedCombination', strategies=[dict(type='TemporalJump', max_gap=3)])
    listed = dict(type='Listed', files='none*.json', then=dict(type='TemporalJump', max_gap=3))

    def pool(sequences, times):
        return SimpleNamespace(
            path='pool.json', sequences=np.array(sequences), times=np.array(times, float)
        )

    alone = [pool([0], [0]), pool([0, 0, 1, 1], [0, 1, 0, 1]), pool([0, 0, 0], [0, 4, 8])]
    for each in (strategy, build(combined), build(listed)):
        for one in alone:
            with pytest.raises(ValueError, match='pool.json: TemporalJump compares a frame'):
                each.check_pool(one)
        each.check_pool(pool([0, 1, 1, 1], [0, 9, 3, 6]))
    with pytest.raises(ValueError, match='TemporalJump compares'):
        strategy.select(make_pool(1), 1)
    build(dict(type='RandomSampling')).check_pool(alone[0])
