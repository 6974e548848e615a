"""Spacing and caps, by hand."""

import numpy as np

from mmpose_al.active_learning.strategies import Constraints
from tests.test_active_learning.rig import make_pool


def make(**rules):
    pool = make_pool(6, labeled=[0], sequences=[0, 0, 0, 0, 1, 1], times=[0, 1, 2, 3, 0, 1])
    return Constraints(pool, **rules)


def test_only_what_is_labelled_or_taken_is_not_free_without_rules():
    rules = make()
    assert not rules.active and rules.free.tolist() == [False] + [True] * 5
    rules.take(3)
    assert np.flatnonzero(rules.free).tolist() == [1, 2, 4, 5]


def test_spacing_counts_labelled_ones_and_stays_within_a_sequence():
    rules = make(min_spacing=2)
    assert np.flatnonzero(rules.free).tolist() == [2, 3, 4, 5]
    rules.take(4)
    assert np.flatnonzero(rules.free).tolist() == [2, 3]
    rules.take(2)
    assert not rules.free.any()


def test_a_cap_counts_labelled_ones():
    rules = make(max_per_sequence=2)
    rules.take(3)
    assert np.flatnonzero(rules.free).tolist() == [4, 5]
    rules.take(4)
    assert np.flatnonzero(rules.free).tolist() == [5]
    rules.take(5)
    assert not rules.free.any()


def test_seconds_count_where_they_are_known():
    seconds = [0.0, 0.4, 1.0, np.nan, 0.2, 1.1]
    pool = make_pool(6, labeled=[0], sequences=[0, 0, 0, 0, 1, 1], seconds=seconds)
    rules = Constraints(pool, min_seconds=1.0)
    assert np.flatnonzero(rules.free).tolist() == [2, 3, 4, 5]  # 1 is too near; 2 is not
    rules.take(3)  # nobody knows when it was
    rules.take(4)
    assert np.flatnonzero(rules.free).tolist() == [2]
