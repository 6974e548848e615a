"""Clusters that lie far apart, and frames of one second."""

import numpy as np
import pytest

from mmpose_al.active_learning.strategies import diverse
from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build

# Along a line: five around 2, three around 101, one at 1000.
PLACES = np.array([0.0, 1, 2, 3, 4, 100, 101, 102, 1000])


def looks(places=PLACES, **kwargs):
    """A pool whose views look like numbers on a line; those of a unit around its own."""
    pool = make_pool(len(places), **kwargs)
    features = np.zeros((len(pool.views), 3))
    off = np.tile([-30.0, 10, 5, 15], len(places))  # their mean is 0
    features[:, 1] = np.asarray(places)[pool.view_unit] + off
    pool.views = pool.views.replace(appearance=features)
    return pool


def test_k_means_takes_the_middle_of_each_cluster_the_most_populous_first():
    selection = build(dict(type='Diverse')).select(looks(), 3)
    assert selection.ids == [20, 60, 80] and selection.utilities == [5, 3, 1]


def test_a_cluster_with_a_label_is_represented():
    """Three clusters, of which the one around 2 has a label."""
    assert build(dict(type='Diverse')).select(looks(labeled=[40]), 2).ids == [60, 80]


def test_what_is_left_when_all_clusters_are_represented():
    same = looks(np.repeat([0.0, 50], [4, 2]), labeled=[0])
    selection = build(dict(type='Diverse')).select(same, 3)
    assert selection.ids == [40, 10, 20] and selection.utilities == [2, 0, 0]


def test_many_labels_make_no_more_clusters(monkeypatch):
    """Three clusters at most: those with the fewest labels first, then the most populous."""
    monkeypatch.setattr(diverse, '_CLUSTERS', 3)
    pool = looks(labeled=[0, 10, 50, 80])
    selection = build(dict(type='Diverse')).select(pool, 3)
    # 1000 has nothing left, around 101 one label, around 2 two; then what is nearest its middle.
    assert selection.ids == [60, 20, 30] and selection.utilities == [0, 0, 0]


def test_k_centre_begins_in_the_middle_and_goes_far():
    selection = build(dict(type='Diverse', method='k-centre')).select(looks(), 3)
    # The mean is 145.9: 102 is nearest; then 1000, then 0.
    assert selection.ids == [70, 80, 0]
    assert selection.utilities[1:] == pytest.approx([898, 102], rel=1e-5)


@pytest.mark.parametrize('method', ['k-means', 'k-centre'])
def test_frames_of_one_second_are_one(method):
    """30 frames a second: 0 to 4 are one second, 5 to 7 another one, and 8 is far."""
    seconds = np.where(np.arange(9) < 5, 0.0, 5.0) + np.arange(9) / 30
    seconds[8] = 90
    pool = looks(seconds=seconds)
    with pytest.warns(UserWarning, match='only 3 are unlabelled and allowed by.*min_seconds=1.0'):
        ids = build(dict(type='Diverse', method=method)).select(pool, 6).ids
    assert sorted(sum(unit >= least for least in (50, 80)) for unit in ids) == [0, 1, 2]
    assert len(build(dict(type='Diverse', method=method, min_seconds=0)).select(pool, 6).ids) == 6


def test_a_method_that_there_is_not():
    with pytest.raises(ValueError, match="k-means.*'k-medoids'"):
        build(dict(type='Diverse', method='k-medoids'))


def test_many_units_in_parts(monkeypatch):
    """K-means of a third, from middles among a sixth: the groups that lie apart all the same."""
    for name, value in dict(_MOST=200, _FEW=2, _STARTS=2, _AT_ONCE=7).items():
        monkeypatch.setattr(diverse, name, value)
    features = np.repeat(np.eye(6, 4, dtype=np.float32) * 50, 100, 0)
    features[500:] = 20
    features = features[np.random.RandomState(0).permutation(600)]
    features[:, 3] += np.linspace(0, 1, 600, dtype=np.float32)
    chosen, distances = diverse.cluster(features, 6)
    places = np.stack([features[chosen == each].mean(0) for each in range(6)])
    assert sorted(np.bincount(chosen)) == [100] * 6
    expected = np.linalg.norm(features - places[chosen], axis=1)
    assert distances == pytest.approx(expected, abs=0.1)  # a third tells the middles


def test_units_that_look_alike_are_told_and_unknown_ones_come_first():
    pool = make_pool(6, [10])
    look = np.ones_like(pool.views.appearance)
    pool.views = pool.views.replace(appearance=look)
    with pytest.warns(UserWarning, match='the 6 units of the pool look in 1 ways only'):
        assert build(dict(type='Diverse')).select(pool, 2).ids == [0, 20]
    look = look.copy()
    look[pool.view_unit == 4] = np.nan
    pool.views = pool.views.replace(appearance=look)
    for method in ('k-means', 'k-centre'):
        with pytest.warns(UserWarning, match='look in 1 ways only|all 4 units that may be chosen'):
            ids, utilities = build(dict(type='Diverse', method=method)).select(pool, 2)
        assert ids == [40, 0] and utilities[0] == np.inf
