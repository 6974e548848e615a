"""Confidence: bins, ECE and likelihood by hand; maps that are known are found again."""

import math

import numpy as np
import pytest

from mmpose_al.confidence import (
    ConfidenceMap,
    fit_confidence,
    fitted_on_others,
    negative_log_likelihood,
    read_confidence,
    reliability,
    scale_of,
    sigmoid,
    to_content,
)
from mmpose_al.fileio import FileError, write_json


def test_bins_and_ece_by_hand():
    confidence = np.array([0.1, 0.3, 0.5, 0.5, 0.9, 1.0, 1.3, -0.2])
    right = np.array([False, True, True, False, True, True, False, False])
    found = reliability(confidence, right, bins=2)  # (0, 0.5] with 0, and (0.5, 1]
    assert found.count.tolist() == [5, 3]
    assert found.confidence.tolist() == pytest.approx([1.4 / 5, 2.9 / 3])
    assert found.right.tolist() == pytest.approx([2 / 5, 2 / 3])
    assert found.ece == pytest.approx((5 * 0.12 + 3 * 0.3) / 8)
    empty = reliability(np.array([0.9]), np.array([True]), bins=2)
    assert np.isnan(empty.right[0]) and empty.ece == pytest.approx(0.1)
    assert np.isnan(reliability(np.zeros(0), np.zeros(0, bool)).ece)


def test_likelihood_by_hand():
    found = negative_log_likelihood(np.array([0.8, 0.4]), np.array([True, False]))
    assert found == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert negative_log_likelihood(np.array([1.0]), np.array([False])) == pytest.approx(
        -math.log(1e-4), rel=1e-3
    )


def test_maps_by_hand():
    """logit 0.8 = log 4: a temperature of 2 halves it, sigmoid(log 2) = 2/3."""
    assert ConfidenceMap('logit', 0.5, 0.0)(np.array([0.8, 0.5])).tolist() == pytest.approx(
        [2 / 3, 0.5]
    )
    assert ConfidenceMap('logit', 1.0, math.log(2))(np.array([0.5]))[0] == pytest.approx(2 / 3)
    raw = ConfidenceMap('raw', 0.5, -1.0)(np.array([[2.0, 2 + 2 * math.log(3)]], np.float32))
    assert raw.dtype == np.float32 and raw.tolist() == [pytest.approx([0.5, 0.75])]
    assert 0 < ConfidenceMap('logit', 1.0, 0.0)(np.array([-1.0]))[0] < 1e-3
    assert np.isnan(ConfidenceMap('logit', 1.0, 0.0)(np.array([np.nan]))[0])


def drawn(mapping, scores, seed=0):
    return np.random.RandomState(seed).rand(len(scores)) < mapping(scores)


@pytest.mark.parametrize('slope, intercept', [(0.4, 0.0), (2.5, 0.0), (1.3, 1.2), (0.7, -2.0)])
def test_the_map_that_made_the_data_is_found_again(slope, intercept):
    scores = sigmoid(np.random.RandomState(1).normal(0, 1.5, 40000))
    true = ConfidenceMap('logit', slope, intercept)
    right = drawn(true, scores)
    platt = fit_confidence(scores, right)
    assert platt.slope == pytest.approx(slope, rel=0.06)
    assert platt.intercept == pytest.approx(intercept, abs=0.06)
    assert reliability(platt(scores), right).ece < 0.01
    temperature = fit_confidence(scores, right, 'temperature')
    assert temperature.intercept == 0
    if intercept == 0:
        assert temperature.slope == pytest.approx(slope, rel=0.06)
    else:  # one parameter cannot move the middle
        assert reliability(temperature(scores), right).ece > 0.05


def test_against_a_slow_search():
    """No slope and intercept of a grid has a smaller negative log-likelihood."""
    random = np.random.RandomState(2)
    scores, right = random.rand(200), random.rand(200) < 0.7
    for method, intercepts in (('platt', np.linspace(-3, 3, 61)), ('temperature', [0.0])):
        best = fit_confidence(scores, right, method)
        least = negative_log_likelihood(best(scores), right)
        for slope in np.geomspace(1e-3, 10, 60):
            for intercept in intercepts:
                other = ConfidenceMap('logit', slope, intercept)(scores)
                assert least <= negative_log_likelihood(other, right) + 1e-6


def test_scores_without_a_bound_are_taken_as_they_are():
    scores = np.random.RandomState(3).normal(6, 2, 20000)
    assert scale_of(scores) == 'raw' and scale_of(np.array([0.2, 1.05])) == 'logit'
    right = drawn(ConfidenceMap('raw', 0.8, -4.0), scores)
    found = fit_confidence(scores, right)
    assert (found.scale, found.slope) == ('raw', pytest.approx(0.8, rel=0.06))
    assert found.intercept == pytest.approx(-4, rel=0.06)
    with pytest.raises(ValueError, match="no shares of 1.*method='platt'"):
        fit_confidence(scores, right, 'temperature')


def test_scores_that_say_nothing_give_the_share_that_is_right():
    found = fit_confidence(np.ones(100), np.arange(100) < 70)
    assert found(np.ones(1))[0] == pytest.approx(0.7, abs=1e-3)


def test_each_part_is_judged_by_the_map_of_the_other():
    random = np.random.RandomState(4)
    scores, part = random.rand(400), random.rand(400) < 0.5
    right = random.rand(400) < 0.3 + 0.4 * scores
    found = fitted_on_others(scores, right, part, 'platt')
    expected = fit_confidence(scores[part], right[part])(scores[~part])
    assert found[~part].tolist() == pytest.approx(expected.tolist())
    assert found[part][0] != fit_confidence(scores[part], right[part])(scores[part])[0]


@pytest.mark.parametrize('right', [True, False])
def test_nothing_can_be_fitted_to_joints_that_are_all_alike(right):
    count = '5 of 5' if right else '0 of 5'
    with pytest.raises(ValueError, match=f'{count} joints lie within the radius'):
        fit_confidence(np.linspace(0, 1, 5), np.full(5, right))
    with pytest.raises(ValueError, match="method is one of .*got 'beta'"):
        fit_confidence(np.zeros(2), np.array([True, False]), 'beta')


def test_files_there_and_back_and_what_is_none(tmp_path):
    path = str(tmp_path / 'confidence.json')
    mapping = ConfidenceMap('logit', 1.5, -0.25)
    write_json(path, to_content(mapping, method='platt'))
    assert read_confidence(path) == mapping
    good = to_content(mapping)
    for change, words in (
        (dict(format='coco'), 'field "format": is not'),
        (dict(version=2), 'field "version": is 2'),
        (dict(scale='log'), 'field "scale": is none of'),
        (dict(slope=0), 'field "slope": is no number above 0'),
        (dict(intercept=None), 'field "intercept": is no number'),
    ):
        write_json(path, {**good, **change})
        with pytest.raises(FileError, match=f'confidence.json.*{words}.*mmpose-al confidence'):
            read_confidence(path)
    write_json(path, [1])
    with pytest.raises(FileError, match='field "format"'):
        read_confidence(path)
