"""Spacing and caps, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmpose_al.active_learning.strategies import Constraints
from mmpose_al.active_learning.strategies.constraints import Rules
from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


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


def slow(pool, spacing, most, picks, seconds=0):
    """Every unit against every labelled one."""
    taken, free = list(np.flatnonzero(pool.labeled)), ~pool.labeled
    for step in range(len(picks) + 1):
        for index in taken:
            same = pool.sequences == pool.sequences[index]
            free &= ~(same & (np.abs(pool.times - pool.times[index]) < spacing))
            free &= ~(same & (np.abs(pool.seconds - pool.seconds[index]) < seconds))
            if most is not None and sum(same[taken]) >= most:
                free &= ~same
        yield free.copy()
        if step < len(picks):
            taken.append(picks[step])
            free[picks[step]] = False


@pytest.mark.parametrize('seconds', [0, 1.5])
@pytest.mark.parametrize('spacing, most', [(0, 3), (2.5, None), (1, 4), (7, 2), (0.1, 9)])
def test_rules_are_those_of_every_unit_against_every_labelled_one(spacing, most, seconds):
    rng = np.random.RandomState(0)
    for num in (1, 40, 120):
        pool = SimpleNamespace(
            units=np.arange(num),
            labeled=rng.rand(num) < 0.15,
            sequences=np.array([f's{i}' for i in rng.randint(0, 5, num)]),
            times=rng.randint(0, 40, num) / 2,
            seconds=np.where(rng.rand(num) < 0.2, np.nan, rng.randint(0, 60, num) / 4),
        )
        picks = rng.permutation(np.flatnonzero(~pool.labeled))[:6].tolist()
        expected = slow(pool, spacing, most, picks, seconds)
        rules = Constraints(pool, spacing, most, seconds)
        np.testing.assert_array_equal(rules.free, next(expected))
        for index in picks:
            rules.take(index)
            np.testing.assert_array_equal(rules.free, next(expected))


def test_seconds_count_where_they_are_known():
    seconds = [0.0, 0.4, 1.0, np.nan, 0.2, 1.1]
    pool = make_pool(6, labeled=[0], sequences=[0, 0, 0, 0, 1, 1], seconds=seconds)
    rules = Constraints(pool, min_seconds=1.0)
    assert np.flatnonzero(rules.free).tolist() == [2, 3, 4, 5]  # 1 is too near; 2 is not
    rules.take(3)  # nobody knows when it was
    rules.take(4)
    assert np.flatnonzero(rules.free).tolist() == [2]


def test_some_of_the_units_by_the_same_rules():
    rules = make(max_per_sequence=2)
    some = rules.among(np.array([0, 2, 4]))
    assert np.flatnonzero(some.free).tolist() == [2, 4]
    some.take(2)
    assert np.flatnonzero(some.free).tolist() == [4]
    assert np.flatnonzero(rules.free).tolist() == [1, 2, 3, 4, 5]  # nothing was taken here
    rules.take(1)
    assert np.flatnonzero(rules.free).tolist() == [4, 5]
    assert make().among(np.array([3])).free.sum() == 1


def test_the_strictest_rules_of_a_strategy_and_its_parts():
    parts = [dict(type='LeastConsensus', min_spacing=3), dict(type='BestVsSecondBest')]
    combined = build(dict(type='WeightedCombination', strategies=parts, max_per_sequence=2))
    assert combined.rules == Rules(min_spacing=3, max_per_sequence=2, min_seconds=1.0)
    parts = dict(
        uncertainty=dict(type='MultiPeakEntropy', max_per_sequence=1),
        diversity=dict(type='CoreSetPoses', min_spacing=2, max_per_sequence=5),
    )
    both = build(dict(type='UncertainAndDiverse', min_spacing=1, **parts))
    assert both.rules == Rules(min_spacing=2, max_per_sequence=1)
    sequences = np.repeat([0, 1, 2], 4)
    pool = make_pool(12, [], sequences=sequences, times=np.tile(np.arange(4), 3))
    with pytest.warns(UserWarning, match='min_spacing=2, min_seconds=0 and max_per_sequence=1'):
        ids = both.select(pool, 5).ids
    assert sorted(sequences[np.searchsorted(pool.units, ids)]) == [0, 1, 2]
