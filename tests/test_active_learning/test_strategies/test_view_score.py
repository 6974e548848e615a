"""Strategies that judge each view by itself."""

import numpy as np
import pytest

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import STRATEGIES, build


@pytest.mark.parametrize('config', STRATEGIES[1:6])
def test_ties_by_id_and_failed_first(config):
    pool = make_pool(6, labeled=[0])
    flat = {
        name: np.full_like(getattr(pool.views, name), 0.5)
        for name in ('margin', 'entropy', 'disagreement')
    }
    pool.views = pool.views.replace(**flat)
    strategy = build(config)
    if config['type'] != 'MultiViewConsistency':
        assert strategy.select(pool, 3).ids == [10, 20, 30]
    failed = dict(flat)
    for name in failed:
        failed[name] = flat[name].copy()
        failed[name][pool.view_unit == 4] = np.nan
    pool.views = pool.views.replace(
        **failed,
        keypoints=np.where((pool.view_unit == 4)[:, None, None], np.nan, pool.views.keypoints),
    )
    selection = strategy.select(pool, 2)
    assert selection.ids[0] == 40


def test_an_unknown_aggregate_is_refused():
    with pytest.raises(ValueError, match='median'):
        build(dict(type='BestVsSecondBest', aggregate='median'))
