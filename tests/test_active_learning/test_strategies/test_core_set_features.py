"""CoreSet over features: the mean over the views of a unit."""

import warnings

import numpy as np
import pytest

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_by_hand():
    pool = make_pool(3)
    strategy = build(dict(type='CoreSetFeatures'))
    expected = pool.views.features.reshape(3, 4, 6).mean(1)
    assert strategy.describe(pool)[:, 0] == pytest.approx(expected)
    pool.labeled[:] = [True, False, False]
    far = np.linalg.norm(expected - expected[0], axis=1)
    assert strategy.utilities(pool) == pytest.approx(far, abs=1e-6)
    assert strategy.select(pool, 1).ids == [10 * int(far.argmax())]


def test_units_that_are_alike_are_told():
    """Features of a network that collapsed: ids would choose, and nobody would know."""
    pool = make_pool(6, [10])
    pool.views = pool.views.replace(features=np.ones_like(pool.views.features))
    with pytest.warns(UserWarning, match='all 5 units that may be chosen are like one .* 2 with'):
        assert build(dict(type='CoreSetFeatures')).select(pool, 2).ids == [0, 20]
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # all are asked for
        build(dict(type='CoreSetFeatures')).select(pool, 5)
