"""3D of a rig whose truth is known."""

import numpy as np
import pytest

from mmpose_al.prediction.poses_3d import covariance_of, mean_where, smoothed, triangulate
from tests.test_prediction.rigs import cameras, views, walk


def test_points_are_found_where_they_are():
    truth, rig = walk(), cameras()
    poses = triangulate(views(truth, rig))
    np.testing.assert_allclose(poses.points, truth, atol=1e-3)
    assert (poses.status() == 'ok').all() and (poses.num_views == 4).all()
    assert poses.error.max() < 1e-3 and np.allclose(poses.score, 0.9)


def test_what_failed_says_how():
    truth, rig = walk(2), cameras()
    seen = views(truth, rig)
    seen.pixels[0, 1, 0] += 80  # one view is off: three agree
    seen.pixels[0, 2:, 1] = np.nan  # two see it
    seen.pixels[0, 1:, 2] = np.nan  # one sees it
    seen.pixels[0, 2:, 3] = np.nan  # two see it, and do not agree
    seen.pixels[0, :2, 3, 1] += [90, -90]
    poses = triangulate(seen)
    assert poses.status()[0].tolist() == ['ok', 'two_views', 'too_few_views', 'no_consensus']
    assert poses.num_views[0].tolist() == [3, 2, 0, 0]
    np.testing.assert_allclose(poses.points[0, :2], truth[0, :2], atol=1e-3)
    assert np.isnan(poses.points[0, 2:]).all() and np.isnan(poses.error[0, 2:]).all()
    assert poses.error[0, 0] < 1e-3 < 50 < poses.errors[0, 1, 0]


def test_min_inliers_and_min_score_ask_for_more():
    truth, rig = walk(1), cameras()
    seen = views(truth, rig)
    seen.pixels[0, 2:, 1] = np.nan
    seen.scores[0, 1:, 2] = 0.1
    poses = triangulate(seen, min_inliers=3, min_score=0.2)
    assert poses.status()[0].tolist() == ['ok', 'too_few_views', 'too_few_views', 'ok']


def test_confident_views_weigh_more():
    truth, rig = walk(30), cameras()
    seen = views(truth, rig, noise=0.3)
    random = np.random.RandomState(5)
    seen.pixels[:, 3] += 4 * random.randn(30, 4, 2)
    seen.scores[:, 3] = 0.1
    errors = {}
    for weights in (None, 'confidence', 'confidence2'):
        points = triangulate(seen, weights=weights).points
        errors[weights] = np.linalg.norm(points - truth, axis=-1).mean()
    assert errors['confidence2'] < errors['confidence'] < errors[None]


def test_smoothing_comes_nearer_to_the_truth_and_fills():
    truth, rig = walk(60), cameras()
    seen = views(truth, rig, noise=3.0)
    seen.pixels[20:22, :, 0] = np.nan
    poses = triangulate(seen)
    smooth = smoothed(poses)
    both = np.isfinite(poses.points).all(-1)
    raw, after = (
        np.linalg.norm(each.points - truth, axis=-1)[both].mean() for each in (poses, smooth)
    )
    assert after < 0.7 * raw
    assert (smooth.status()[20:22, 0] == 'filled').all() and poses.status()[20, 0] != 'filled'
    assert np.linalg.norm(smooth.points[20:22, 0] - truth[20:22, 0], axis=-1).max() < 25
    jump = [
        np.linalg.norm(np.diff(p.points[:, 1], axis=0), axis=-1).mean() for p in (poses, smooth)
    ]
    assert jump[1] < jump[0]
    # what is written is what the error belongs to
    moved = np.nanmax(np.abs(smooth.errors - poses.errors))
    assert moved > 1 and smooth.acceleration > 0


def test_smoothing_needs_times():
    poses = triangulate(views(walk(3), cameras(), times=False))
    with pytest.raises(ValueError, match='give --fps'):
        smoothed(poses)
    assert smoothed(poses, fps=30).points.shape == (3, 4, 3)


def test_a_point_that_few_views_see_is_less_sure():
    seen = views(walk(20), cameras(), noise=1.0)
    seen.pixels[:, 2:, 1] = np.nan
    seen.scores[:, :, 2] = 0.3
    covariance = covariance_of(triangulate(seen), 'confidence2')
    size = np.sqrt(np.trace(np.nanmean(covariance, 0), axis1=-2, axis2=-1))
    assert size[1] > 1.2 * size[0]
    np.testing.assert_allclose(size[2], 3 * size[0], rtol=0.1)


def test_means_of_what_is_chosen():
    values = np.array([[1.0, np.nan, 5.0], [2.0, 3.0, np.inf]])
    chosen = np.array([[True, True, False], [True, True, True]])
    np.testing.assert_array_equal(mean_where(values, chosen, 1), [1.0, 2.5])
    assert np.isnan(mean_where(values, chosen & False, 1)).all()
