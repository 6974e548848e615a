"""The lowest probability first."""

import numpy as np
import pytest

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_by_hand():
    pool = make_pool(3)
    values = np.array([[0.9, 0.8, 0.7, 0.8], [0.2, 0.4, 0.4, 0.2], [0.6, 0.6, 0.6, 0.6]])
    pool.views = pool.views.replace(highest_probability=values.ravel())
    strategy = build(dict(type='LeastConfidence'))
    assert strategy.utilities(pool) == pytest.approx([0.2, 0.7, 0.4])
    assert strategy.select(pool, 2).ids == [10, 20]
    largest = build(dict(type='LeastConfidence', aggregate='max'))
    assert largest.utilities(pool) == pytest.approx([0.3, 0.8, 0.4])
