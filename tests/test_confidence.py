"""Confidence: bins, ECE and likelihood by hand; maps that are known are found again."""

import math

import numpy as np
import pytest

from mmpose_al.confidence import (
    ConfidenceMap,
    fit_confidence,
    fit_persons,
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
    scores, part = random.rand(200, 2), random.rand(200) < 0.5
    right, counted = random.rand(200, 2) < 0.3 + 0.4 * scores, random.rand(200, 2) < 0.8
    found = fitted_on_others(scores, right, counted, part, 'platt')
    known = part[:, None] & counted
    expected = fit_confidence(scores[known], right[known])
    assert found[~part].ravel().tolist() == pytest.approx(expected(scores[~part]).ravel().tolist())
    assert found[part][0, 0] != expected(scores[part])[0, 0]
    right[part] = True
    with pytest.raises(ValueError, match='of one half of the persons .* Figures of a fit'):
        fitted_on_others(scores, right, counted, part, 'platt')


# ---- offsets of joints -----------------------------------------------------------


def test_offsets_by_hand():
    """logit 0.8 = log 4; an offset of -log 4 makes it 0.5, one of log 2 makes it 8/9."""
    mapping = ConfidenceMap('logit', 1.0, 0.0, (-math.log(4), math.log(2)))
    found = mapping(np.array([[0.8, 0.8], [0.5, 0.5]]))
    assert found.tolist() == [pytest.approx([0.5, 8 / 9]), pytest.approx([0.2, 2 / 3])]
    for scores in (np.zeros((4, 3)), np.zeros(())):
        with pytest.raises(ValueError, match=r'each of 2 joints, but there are '):
            mapping(scores)


def test_offsets_that_made_the_data_are_found_again():
    true = ConfidenceMap('logit', 0.7, -0.3, (1.0, -1.0, 0.0))
    scores = sigmoid(np.random.RandomState(1).normal(0, 1.5, (20000, 3)))
    right = np.random.RandomState(0).rand(20000, 3) < true(scores)
    counted = np.ones(scores.shape, bool)
    found = fit_persons(scores, right, counted, 'joints')
    assert found.slope == pytest.approx(0.7, rel=0.06)
    together = found.intercept + np.array(found.offsets)
    assert together.tolist() == pytest.approx([0.7, -1.3, -0.3], abs=0.06)
    shared = fit_persons(scores, right, counted, 'platt')
    assert shared.offsets == ()
    for joint in range(3):
        own = reliability(found(scores)[:, joint], right[:, joint]).ece
        assert own < 0.02
    assert reliability(shared(scores)[:, 0], right[:, 0]).ece > 0.1


def test_few_labels_move_an_offset_little():
    """Scores alike; of joint 0 half of 1000 are right, of joint 1 both of two.

    The intercept is free, so the offsets are b and -b, and it is b, for joint 0 is at 0.5. Two
    right labels pull with 2 (1 - sigmoid(2 b)), and the prior holds with b: b = 0.5208, so
    joint 1 gets sigmoid(1.0416) = 0.739, not 1.
    """
    scores = np.full((1000, 2), 0.5)
    counted, right = np.ones((1000, 2), bool), np.zeros((1000, 2), bool)
    right[:500, 0], counted[2:, 1], right[:2, 1] = True, False, True
    found = fit_persons(scores, right, counted, 'joints')
    assert found.offsets == pytest.approx([-0.5208, 0.5208], abs=0.005)
    assert found(scores[:1])[0].tolist() == pytest.approx([0.5, 0.739], abs=0.005)


def test_joints_that_nobody_knows_have_no_offset():
    random = np.random.RandomState(6)
    scores, right = random.rand(50, 4), random.rand(50, 4) < 0.5
    counted = np.ones((50, 4), bool)
    counted[:, [1, 3]] = False
    found = fit_persons(scores, right, counted, 'joints')
    assert len(found.offsets) == 4 and found.offsets[1] == pytest.approx(0, abs=1e-6)
    assert found.offsets[3] == 0 and found.offsets[0] != 0
    part = np.arange(50) % 2 == 0
    assert fitted_on_others(scores, right, counted, part, 'joints').shape == (50, 4)


def test_a_file_with_offsets_is_none_of_an_earlier_version(tmp_path):
    path = str(tmp_path / 'confidence.json')
    mapping = ConfidenceMap('logit', 1.5, -0.25, (0.5, -0.125))
    content = to_content(mapping)
    write_json(path, content)
    assert read_confidence(path) == mapping and content['version'] == 2
    assert to_content(mapping._replace(offsets=()))['version'] == 1
    for offsets in ('no list', [0.5, None]):
        write_json(path, {**content, 'offsets': offsets})
        with pytest.raises(FileError, match='field "offsets": is no list of numbers'):
            read_confidence(path)


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
        (dict(version=3), 'field "version": is 3, and this version reads 1 and 2'),
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
