"""What the CoreSet strategies share: k-centre, and poses about a root."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.strategies import Constraints, KCenter, core_set
from mmpose_al.active_learning.strategies.core_set import mean_over_views, root_aligned
from tests.test_active_learning.rig import JOINTS, make_pool
from tests.test_active_learning.test_strategies.cases import build


@pytest.mark.parametrize('kind', ['CoreSetPoses', 'CoreSetPoses2D'])
def test_core_set_takes_failed_frames_first(kind):
    pool = make_pool(6, labeled=[0])
    pool.views = pool.views.replace(
        keypoints=np.where((pool.view_unit == 4)[:, None, None], np.nan, pool.views.keypoints)
    )
    selection = build(dict(type=kind, root=0)).select(pool, 2)
    assert selection.ids[0] == 40 and selection.utilities[0] == np.inf
    assert np.isfinite(selection.utilities[1])


def test_nothing_labelled_starts_in_the_middle():
    points = np.zeros((5, JOINTS, 3))
    points[:, 1:, 0] = np.array([-400.0, -150, 20, 180, 420])[:, None]
    pool = make_pool(5, noise=0.0, points=points)
    ids = build(dict(type='CoreSetPoses', root=0)).select(pool, 3).ids
    assert ids[0] == 20 and set(ids[1:]) == {0, 40}


def test_nothing_labelled_starts_in_the_middle_of_many(monkeypatch):
    """The same in blocks of units."""
    monkeypatch.setattr(core_set, '_AT_ONCE', 2)
    test_nothing_labelled_starts_in_the_middle()


@pytest.mark.parametrize('at_once', [1, 3, 100])
def test_features_of_units_are_the_mean_of_their_views(monkeypatch, at_once):
    monkeypatch.setattr(core_set, '_AT_ONCE', at_once)
    rng = np.random.RandomState(0)
    members = rng.permutation([0, 0, 0, 2, 3, 3, 6, 7, 7, 7, 7])  # 1, 4, 5 and 8 have no view
    features = rng.rand(len(members), 5).astype(np.float32)
    pool = SimpleNamespace(units=np.arange(9), view_unit=members)
    found = mean_over_views(pool, features)
    assert found.shape == (9, 1, 5) and found.dtype == np.float32
    for unit in range(9):
        own = features[members == unit]
        if len(own):
            assert np.allclose(found[unit, 0], own.mean(0), rtol=1e-6)
        else:
            assert np.isnan(found[unit]).all()


def test_a_root_that_the_network_does_not_predict():
    for kind in ('CoreSetPoses', 'CoreSetPoses2D'):
        with pytest.raises(ValueError, match='beyond the 5'):
            build(dict(type=kind, root=11)).select(make_pool(4), 1)


def test_poses_about_the_mean_of_two_roots():
    points = np.array([[[0.0, 0], [2, 4], [5, 5]], [[0, np.nan], [2, 4], [5, 5]]])
    found = root_aligned(points, (0, 1))
    assert found[0].tolist() == [[-1, -2], [1, 2], [4, 3]]
    assert np.isnan(found[1, :, 1]).all()


def test_failed_units_are_no_centres():
    class Given(KCenter):
        def describe(self, pool):
            return pool.poses

    poses = np.array([0.0, np.nan, 10, 4]).reshape(4, 1, 1)
    pool = SimpleNamespace(
        poses=poses,
        units=np.arange(4),
        labeled=np.array([True, True, False, False]),
        sequences=np.zeros(4, int),
        times=np.arange(4),
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert Given().pick(pool, 2, Constraints(pool)).ids == [2, 3]
    worth = Given().utilities(pool)
    assert worth[[0, 2, 3]].tolist() == [0, 10, 4] and np.isnan(worth[1])


def test_about_the_mean_of_all_joints_that_are_known():
    points = np.array([[[0.0, 0, 0], [6, 0, 3], [np.nan, 1, 1]], np.full((3, 3), np.nan)])
    aligned = root_aligned(points, None)
    assert aligned[0, :2].tolist() == [[-3, 0, -1.5], [3, 0, 1.5]]
    assert np.isnan(aligned[0, 2, 0]) and np.isnan(aligned[1]).all()
