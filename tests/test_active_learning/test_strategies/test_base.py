"""What every strategy promises, and how missing statistics are told."""

import warnings

import numpy as np
import pytest

from mmpose_al.active_learning.registry import QUERY_STRATEGIES
from mmpose_al.active_learning.statistics import MissingStatistic, PoolStatistics
from mmpose_al.active_learning.strategies.base import QueryStrategy, failed_first
from mmpose_al.active_learning.strategies.core_set import KCenter
from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import STRATEGIES, build

every = pytest.mark.parametrize(
    'config',
    STRATEGIES,
    ids=lambda c: '-'.join(str(v) for v in c.values() if isinstance(v, (str, bool))),
)


def test_every_registered_strategy_is_tested():
    registered = QUERY_STRATEGIES.module_dict.items()
    ours = {name for name, kind in registered if kind.__module__.startswith('mmpose_al.')}
    assert {c['type'] for c in STRATEGIES} == ours


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
    if not isinstance(strategy, KCenter) and 'CoreSet' not in str(config):
        assert list(np.sort(selection.utilities)[::-1]) == selection.utilities
    # the same under permutation of the pool and of the views' order
    shuffled = make_pool(labeled=labeled, order=np.random.RandomState(3).permutation(20))
    again = strategy.select(shuffled, 6)
    assert again.ids == selection.ids
    assert again.utilities == pytest.approx(selection.utilities)
    # plain data
    assert all(type(i) is int for i in selection.ids)
    assert all(type(u) is float for u in selection.utilities)


class Constant(QueryStrategy):
    """Finds all units equally good."""

    def __init__(self, worth):
        super().__init__()
        self.worth = worth

    def utilities(self, pool):
        return np.full(len(pool.units), self.worth)


def test_equal_utilities_are_said():
    with pytest.warns(UserWarning, match='all 18 units .* have the utility 2.5, so the 3 with'):
        assert Constant(2.5).select(make_pool(labeled=[0, 10]), 3).ids == [20, 30, 40]
    with pytest.warns(UserWarning, match='all 20 units .* could not be judged'):
        Constant(np.nan).select(make_pool(), 3)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        Constant(2.5).select(make_pool(num_frames=3), 3)  # all are taken
        build(dict(type='MultiViewConsistency')).select(make_pool(), 3)


def test_units_with_one_view_are_said():
    pool = make_pool(labeled=[0])
    views = pool.views
    first = {unit: int(np.flatnonzero(views.unit == unit)[0]) for unit in (0, 10, 30)}
    keep = ~np.isin(views.unit, list(first))
    keep[list(first.values())] = True
    lonely = PoolStatistics(views.select(keep), pool.units, pool.labeled)
    with pytest.warns(UserWarning, match=r'2 of 19 unlabelled units .* ids \[10, 30\]'):
        build(dict(type='MultiViewConsistency')).select(lonely, 3)


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


@every
def test_a_strategy_without_a_statistic_that_it_reads_names_it(config):
    strategy, pool = build(config), make_pool(4)
    views = pool.views
    for name in strategy.statistics:
        pool.views = views.drop(name)
        with pytest.raises(MissingStatistic, match=f'{config["type"]} reads.*{name!r}.*score the'):
            strategy.select(pool, 1)


@every
def test_needs_are_all_that_is_read(config):
    """Beside the ids, and of a pool with cameras what is triangulated."""
    strategy, pool = build(config), make_pool(4)
    kept = {'id', 'unit', 'frame_id', 'camera_id', 'person_id', *strategy.statistics}
    if 'cameras' in strategy.needs:
        kept |= {'keypoints', 'K', 'R', 't', 'dist'}
    expected = strategy.select(pool, 2)
    pool.views = pool.views.drop(*(set(pool.views) - kept))
    assert strategy.select(pool, 2) == expected


def test_needs_of_the_pool_are_no_statistics():
    class Both(QueryStrategy):
        needs = ('cameras', 'features', 'frames')

    assert Both().statistics == ('features',)
    Both.needs = 'features'  # a comma forgotten
    with pytest.raises(ValueError, match=r"Both.needs is a tuple; write \('features',\)"):
        Both().select(make_pool(3), 1)


def test_what_failed_comes_first():
    assert failed_first(np.array([1.0, np.nan])).tolist() == [1, np.inf]


@pytest.mark.parametrize(
    'bad',
    [
        dict(min_spacing=-1),
        dict(min_seconds=-1),
        dict(min_seconds=None),
        dict(min_spacing=float('nan')),
        dict(min_spacing=float('inf')),
        dict(min_spacing='2'),
        dict(max_per_sequence=0),
        dict(max_per_sequence=1.5),
        dict(max_per_sequence=float('nan')),
        dict(max_per_sequence=True),
    ],
)
def test_bad_settings(bad):
    with pytest.raises(
        ValueError, match='min_spacing and min_seconds are finite numbers, 0 or above'
    ):
        build(dict(type='RandomSampling', **bad))


@pytest.mark.parametrize(
    'config, utility, text',
    [
        (dict(type='MultiViewConsistency'), 36.0, '6 px'),
        (dict(type='MultiViewConsistency', half=True), 18.0, '6 px'),
        (dict(type='MultiViewConsistency', squared=False), 6.25, '6.25 px'),
        (dict(type='MultiViewConsistency', squared=False, half=True), 3.0, '6 px'),
        (dict(type='MultiViewConsistency', aggregate='var'), 36.0, '36'),
        (dict(type='CommitteeDisagreement'), 0.0125, '1.25 % of the diagonal'),
        (dict(type='CommitteeDisagreement', aggregate='var'), 0.0125, '0.0125'),
        (dict(type='LeastConsensus'), 0.4003, '40 % of the joints'),
        (dict(type='TemporalJump'), 0.0213, '2.13 % of the box'),
        (dict(type='CoreSetPoses'), 123.456, '123.5 mm'),
        (dict(type='ViewDisagreement3D'), 8.0, '8 mm'),
        (dict(type='MultiPeakEntropy'), 0.69312, '0.6931'),
    ],
)
def test_utilities_in_units_that_people_know(config, utility, text):
    assert build(config).shown(utility) == text
    assert build(config).shown(1e300) == build(config).shown(np.inf) == 'could not be judged'
