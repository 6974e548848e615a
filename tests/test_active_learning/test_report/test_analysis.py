"""Numbers of a report, by hand."""

import math

import numpy as np
import pytest

from mmpose_al.active_learning.report import analysis
from tests.test_active_learning.rig import JOINTS, make_views


def test_area_by_hand():
    assert analysis.area([0.1, 0.2, 0.4], [10, 20, 40]) == pytest.approx(
        (0.1 * 15 + 0.2 * 30) / 0.3
    )
    assert analysis.area([0.1, 0.2, 0.4], [10, 20, 40], (0.15, 0.3)) == pytest.approx(
        (0.05 * 17.5 + 0.1 * 25) / 0.15
    )
    assert math.isnan(analysis.area([0.1], [10]))
    assert math.isnan(analysis.area([0.1, 0.2], [1, 2], (0.1, 0.3)))


def test_labels_needed_by_hand():
    assert analysis.target_of(38.0, True) == pytest.approx(40)
    assert analysis.target_of(0.8, False) == pytest.approx(0.76)
    assert analysis.labels_needed([10, 20, 30], [60, 50, 30], 40, True) == 25
    assert analysis.labels_needed([10, 20, 30], [60, 50, 30], 70, True) == 10
    assert analysis.labels_needed([10, 20], [0.2, 0.6], 0.5, False) == pytest.approx(17.5)
    assert math.isnan(analysis.labels_needed([10, 20], [60, 50], 40, True))


def test_entropy_and_rank_correlation_by_hand():
    assert analysis.entropy([5, 5, 0]) == pytest.approx(math.log(2))
    assert str(analysis.entropy([7])) == '0.0' and math.isnan(analysis.entropy([0, 0]))
    score = np.array([1.0, 2, 3, 4, np.nan])
    rho, count = analysis.rank_correlation(score, np.array([1.0, 3, 2, 4, 9]))
    assert (rho, count) == (pytest.approx(1 - 6 * 2 / (4 * 15)), 4)
    assert math.isnan(analysis.rank_correlation(score[:2], score[:2])[0])
    assert math.isnan(analysis.rank_correlation(score, np.ones(5))[0])
    assert analysis.mean_and_deviation([1.0, 3, np.nan]) == (2, pytest.approx(2**0.5))


def test_histograms_by_hand():
    clusters = np.array([0] * 5 + [1] * 3 + [-1])
    counts = analysis.histograms(np.arange(9), clusters, [[0, 5, 6], [8], [1, 2]])
    assert counts.tolist() == [[1, 2], [0, 0], [2, 0]]


def test_true_errors_by_hand():
    from mmpose_al.active_learning.statistics import PoolStatistics

    views, points = make_views(2, noise=0.0)
    pool = PoolStatistics(views, np.array([0, 10]), np.zeros(2, bool))
    true = {
        int(i): np.concatenate([xy + [3, 4], np.full((JOINTS, 1), 2)], 1)
        for i, xy in zip(views.id, views.keypoints)
    }
    truth = {(0, 0): np.concatenate([points[0] + [0, 0, 7], np.ones((JOINTS, 1))], 1)}
    errors = analysis.true_errors(pool, true, truth)
    assert errors['2D'] == pytest.approx([5, 5], abs=1e-3)
    assert errors['3D'][0] == pytest.approx(7, abs=1e-2) and np.isnan(errors['3D'][1])


def test_single_images_are_scored_by_what_one_view_tells():
    from mmpose_al.active_learning.statistics import PoolStatistics

    views, _ = make_views(2, noise=0.0)
    labeled = np.array([True, False])
    pool = PoolStatistics(views, np.array([0, 10]), labeled)
    assert set(analysis.scores_of(pool, (0,))) == {'BSB', 'MPE', 'MVC', 'CoreSet'}
    images = PoolStatistics(views.replace(unit=views.id), views.id, np.arange(len(views.id)) < 1)
    scores = analysis.scores_of(images, (0,), frames=False)
    assert set(scores) == {'BSB', 'MPE', 'CoreSet'}
    assert np.isfinite(scores['CoreSet']).all()
    # of a score file without them
    images.views = images.views.drop('margin', 'scores')
    assert set(analysis.scores_of(images, (0,), frames=False)) == {'MPE'}
