"""The largest distance over the diagonal first."""

import numpy as np
import pytest

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


@pytest.mark.parametrize('how', ['mean', 'max'])
def test_by_hand(how):
    pool = make_pool(5)
    pool.views = pool.views.replace(diagonal=np.linspace(500, 900, len(pool.views)))
    values = pool.views.disagreement / pool.views.diagonal
    expected = getattr(values.reshape(5, 4), how)(1)
    strategy = build(dict(type='CommitteeDisagreement', aggregate=how))
    assert strategy.utilities(pool) == pytest.approx(expected)
    assert strategy.select(pool, 2).ids == (10 * np.argsort(-expected)[:2]).tolist()
