"""The pool as strategies see it."""

import numpy as np
import pytest

from mmpose_al.active_learning.statistics import PoolStatistics, aggregate
from tests.test_active_learning.rig import make_pool, make_views


def test_units_are_sorted_and_what_is_said_of_them_follows():
    views, _ = make_views(3)
    pool = PoolStatistics(
        views.select(slice(None, None, -1)),
        np.array([20, 0, 10]),
        np.array([True, False, False]),
        np.array([2, 0, 1]),
        np.array([5, 6, 7]),
    )
    assert pool.units.tolist() == [0, 10, 20] and pool.labeled.tolist() == [False, False, True]
    assert pool.sequences.tolist() == [0, 1, 2] and pool.times.tolist() == [6, 7, 5]
    assert (np.diff(pool.views.id) > 0).all()
    assert pool.view_unit.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert pool.over_views(pool.views.camera_id).tolist() == [1.5] * 3
    assert pool.over_views(pool.views.camera_id, 'max').tolist() == [3] * 3


def test_views_of_unknown_units_are_an_error():
    views, _ = make_views(3)
    with pytest.raises(ValueError, match='does not list'):
        PoolStatistics(views, np.array([0, 10]), np.zeros(2, bool))


def test_groups_are_triangulated_once():
    pool = make_pool(3)
    assert pool.groups is pool.groups and pool.group_unit.tolist() == [0, 1, 2]
    pool = make_pool(3)
    pool.views = pool.views.drop('K')
    with pytest.raises(ValueError, match='no view of the pool has a camera'):
        pool.groups  # noqa: B018


def test_units_that_several_cameras_see_are_told_without_triangulating():
    pool = make_pool(3)
    lost = np.zeros(len(pool.views), bool)
    lost[4:7] = True  # of the second frame one view is left
    pool.views = pool.views.replace(K=np.where(lost[:, None, None], np.nan, pool.views.K))
    assert pool.in_several_views.tolist() == [True, False, True] and pool._groups is None
    pool.views = pool.views.drop('K')
    with pytest.raises(ValueError, match='no view of the pool has a camera'):
        pool.in_several_views  # noqa: B018


def test_aggregation_by_hand():
    values = np.array([1.0, 3, np.nan, 5])
    members = np.array([0, 0, 0, 2])
    assert aggregate(values, members, 3)[[0, 2]].tolist() == [2, 5]
    assert np.isnan(aggregate(values, members, 3)[1])
    assert aggregate(values, members, 3, 'max')[[0, 2]].tolist() == [3, 5]
    assert aggregate(values, members, 3, 'var')[[0, 2]].tolist() == [1, 0]
    with pytest.raises(ValueError, match='median'):
        aggregate(values, members, 3, 'median')
