"""A k-centre among the most uncertain share."""

import warnings

import numpy as np
import pytest

from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build

CASE = dict(
    type='UncertainAndDiverse',
    uncertainty=dict(type='MultiPeakEntropy'),
    diversity=dict(type='CoreSetPoses', root=0),
    share=0.5,
)


def test_uncertain_and_diverse_stays_in_the_uncertain_share():
    pool = make_pool(20, labeled=[0])
    entropy = pool.over_views(pool.views.entropy)
    config = dict(CASE, share=0.3)
    ids = build(config).select(pool, 4).ids
    free = np.arange(1, 20)
    kept = free[np.argsort(-entropy[1:])][:6] * 10
    assert set(ids) <= set(kept.tolist())


def test_uncertain_and_diverse_fills_up_where_the_share_is_too_near():
    """One recording, whose first third is uncertain: three of it at most."""
    noise = np.where(np.arange(60) < 15, 6.0, 1.0)
    pool = make_pool(
        60, labeled=[590], noise=noise, sequences=np.zeros(60, int), times=np.arange(60)
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ids, utilities = build(
            dict(
                type='UncertainAndDiverse',
                uncertainty=dict(type='MultiViewConsistency'),
                diversity=dict(type='CoreSetPoses', root=0),
                share=0.25,
                min_spacing=5,
            )
        ).select(pool, 7)
    assert (np.diff(sorted(ids)) >= 50).all() and len(ids) == 7
    first = sum(i < 150 for i in ids)
    assert all(i < 150 for i in ids[:first])
    assert min(utilities[:first]) > 0 and set(utilities[first:]) == {0.0}


def test_it_needs_what_both_need():
    assert build(CASE).needs == ('entropy', 'cameras')
    with pytest.raises(ValueError, match='beyond the 5'):
        build(dict(CASE, diversity=dict(type='CoreSetPoses', root=7))).check_joints(5)


@pytest.mark.parametrize(
    'bad',
    [
        dict(diversity=dict(type='RandomSampling')),
        dict(share=0),
        dict(share=float('nan')),
        dict(share='0.3'),
    ],
)
def test_bad_settings(bad):
    with pytest.raises(ValueError, match='diversity is|share lies'):
        build(dict(CASE, **bad))
