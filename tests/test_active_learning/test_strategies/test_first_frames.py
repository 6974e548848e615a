"""The first of each recording, one recording after another."""

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_by_hand():
    pool = make_pool(5, labeled=[20], sequences=[1, 0, 1, 0, 0], times=[5, 9, 3, 7, 8])
    selection = build(dict(type='FirstFrames')).select(pool, 3)
    assert selection.ids == [30, 40, 10]  # of recording 0 by time, then recording 1
    assert selection.utilities == [4, 3, 2]
    assert build(dict(type='FirstFrames', min_spacing=2)).select(pool, 3).ids == [30, 10, 0]
