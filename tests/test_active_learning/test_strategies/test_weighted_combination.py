"""The weighted sum of ranks."""

import numpy as np
import pytest

from mmpose_al.active_learning.strategies.weighted_combination import ranks
from tests.test_active_learning.rig import make_pool
from tests.test_active_learning.test_strategies.cases import build


def test_weighted_combination_by_hand():
    pool = make_pool(4)
    one = np.array([0.1, 0.4, 0.2, 0.3])
    two = np.array([0.9, 0.1, 0.5, 0.7])
    pool.views = pool.views.replace(margin=-one[pool.view_unit], entropy=two[pool.view_unit])
    worth = build(
        dict(
            type='WeightedCombination',
            weights=[1, 2],
            strategies=[dict(type='BestVsSecondBest'), dict(type='MultiPeakEntropy')],
        )
    ).utilities(pool)
    # ranks 1/4, 4/4, 2/4, 3/4 and 4/4, 1/4, 2/4, 3/4
    assert worth.tolist() == pytest.approx([2.25, 1.5, 1.5, 2.25])


def test_equal_worth_has_equal_rank_and_failed_ones_the_highest():
    assert ranks(np.array([1.0, 3, 1, np.nan])).tolist() == [0.5, 0.75, 0.5, 1]


def test_it_needs_what_its_strategies_need():
    strategies = [dict(type='ViewDisagreement3D'), dict(type='CoreSetFeatures')]
    strategy = build(dict(type='WeightedCombination', strategies=strategies))
    assert strategy.needs == ('frames', 'keypoints_3d', 'features')
    strategies[1] = dict(type='CoreSetPoses', root=7)
    with pytest.raises(ValueError, match='beyond the 5'):
        build(dict(type='WeightedCombination', strategies=strategies)).check_joints(5)


@pytest.mark.parametrize(
    'bad', [dict(strategies=[]), dict(strategies=[dict(type='RandomSampling')], weights=[1, 2])]
)
def test_bad_settings(bad):
    with pytest.raises(ValueError, match='weights; give as many'):
        build(dict(type='WeightedCombination', **bad))


@pytest.mark.parametrize('weights', [[float('nan')], [float('inf')], ['1'], [True]])
def test_weights_are_finite_numbers(weights):
    with pytest.raises(ValueError, match='weights are finite numbers'):
        build(
            dict(
                type='WeightedCombination',
                strategies=[dict(type='RandomSampling')],
                weights=weights,
            )
        )
