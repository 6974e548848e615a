"""The study of jumps: figures by hand, and errors of a rig whose joints are known."""

import numpy as np
import pytest

from benchmarks.temporal_jump import figures, jumps_of, reprojection_errors, table
from tests.test_active_learning.rig import make_views, ring


def test_figures_by_hand():
    """Ten frames of one view and joint; the largest jump is of the one outlier."""
    jumps, errors = np.ones((10, 1, 1)), np.full((10, 1, 1), 2.0)
    jumps[4], errors[4] = 9, 40
    jumps[0] = np.nan  # no frame before it
    found = figures(jumps, errors)
    assert (found['joints'], found['frames']) == (9, 9)
    assert found['outliers'] == pytest.approx(1 / 9) and found['outliers_of_jumps'] == 1
    assert found['error'] == pytest.approx((8 * 2 + 40) / 9)
    assert found['error_of_jumps'] == 40 and found['rank_correlation'] == pytest.approx(1)
    text = table(dict(rows=dict(net=found), machine='a machine'))
    assert '| net | 9 | 11.1 | 100.0 | 6.2 | 40.0 | 1.00 |' in text


def test_jumps_are_of_one_camera():
    pixels = np.zeros((3, 2, 1, 2))
    pixels[:, 1] = 100
    pixels[1, 1, 0, 1] += 7
    jumps = jumps_of(pixels)
    assert jumps[1, :, 0].tolist() == [0, 7] and np.isnan(jumps[[0, 2]]).all()


def test_errors_of_a_rig_are_those_that_were_made():
    views, _ = make_views(3, noise=0.0)
    pixels = views.keypoints.reshape(3, 4, -1, 2).astype(float)
    off = pixels.copy()
    off[1, 2, 0] += [30, 40]
    K, R, t = ring()
    rig = dict(K=K, R_refined=R, t_refined=t, dist=np.zeros((4, 5)))
    errors = reprojection_errors(off, np.ones(off.shape[:3]), rig)
    assert errors[1, 2, 0] == pytest.approx(50, abs=0.1)
    errors[1, 2, 0] = 0
    assert errors.max() < 0.1
