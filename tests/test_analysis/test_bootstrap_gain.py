"""What a student has right, by the number of views that agreed: by hand."""

import numpy as np
import pytest

from mmpose_al.analysis.bootstrap_gain import as_table, gain_by_inliers, is_right, total

# Two views of four joints; 0 where too few views agreed.
VOTES = np.array([[4, 4, 5, 0], [4, 4, 5, 0]])
ALONE = np.array([[1, 0, 1, 0], [0, 0, 1, 1]], bool)
LABELS = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool)
STUDENT = np.array([[1, 1, 1, 0], [1, 0, 0, 1]], bool)
KNOWN = np.array([[1, 1, 1, 1], [1, 1, 1, 0]], bool)


def test_rows_by_hand():
    none, four, five = gain_by_inliers(ALONE, LABELS, STUDENT, KNOWN, VOTES)
    assert none[:2] == (0, 1) and none.alone == none.student == none.learnt == 0
    assert np.isnan(none.labels) and np.isnan(none.lost)
    # of four joints one was right and stays so; of three wrong ones two are right now
    assert four == (4, 4, 0.25, 0.75, 0.75, pytest.approx(2 / 3), 0.0)
    assert five[:5] == (5, 2, 1.0, 0.5, 0.5) and np.isnan(five.learnt) and five.lost == 0.5


def test_all_of_them_together():
    """The total is that of all known joints at once."""
    rows = gain_by_inliers(ALONE, LABELS, STUDENT, KNOWN, VOTES)
    every = total(rows)
    assert (every.inliers, every.joints) == (-1, 7)
    assert every.alone == pytest.approx(ALONE[KNOWN].mean())
    assert every.student == pytest.approx(STUDENT[KNOWN].mean())
    assert every.learnt == pytest.approx(STUDENT[KNOWN & ~ALONE].mean())
    assert every.lost == pytest.approx((~STUDENT)[KNOWN & ALONE].mean())
    assert every.labels == pytest.approx(LABELS[KNOWN & (VOTES > 0)].mean())


def test_the_table():
    text = as_table(gain_by_inliers(ALONE, LABELS, STUDENT, KNOWN, VOTES)).splitlines()
    assert len(text) == 6 and text[0].startswith('| views that agree | joints | right alone')
    assert text[2] == '| too few | 1 | 0.0% | – | 0.0% | 0.0% | – |'
    assert text[3] == '| 4 | 4 | 25.0% | 75.0% | 75.0% | 66.7% | 0.0% |'
    assert text[5].startswith('| **all** | 7 |')
    assert len(as_table([]).splitlines()) == 2


def test_right_is_a_share_of_the_box():
    truth = np.zeros((2, 3, 2))
    keypoints = np.array([[[3, 4], [5.1, 0], [np.nan, 0]]] * 2, float)
    right = is_right(keypoints, truth, np.array([50.0, 100.0]))
    assert right.tolist() == [[True, False, False], [True, True, False]]
    assert not is_right(keypoints, truth, np.array([50.0, 50.0]), 0.05).any()
