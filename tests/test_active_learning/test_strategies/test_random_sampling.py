"""Random sampling is a function of seed, round and id."""

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_random_depends_on_seed_and_round_only():
    strategy = build(dict(type='RandomSampling'))
    first = strategy.select(make_pool(), 5).ids
    assert strategy.select(make_pool(seed=9), 5).ids == first
    assert strategy.select(make_pool(round=1), 5).ids != first
    assert strategy.select(make_pool(pool_seed=1), 5).ids != first
    # labelling one unit does not reshuffle the others
    assert strategy.select(make_pool(labeled=[first[0]]), 4).ids == first[1:]
