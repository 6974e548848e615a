"""The smoother against cases by hand, and against one least-squares problem of all frames."""

import numpy as np
import pytest
import torch

from mmpose_al.geometry.cameras import project
from mmpose_al.geometry.smoothing import (
    likely_acceleration,
    point_covariance,
    smooth,
    smooth_robustly,
)

NAN = float('nan')


def line(values, variance=1.0):
    """Points on the x axis, one joint, and covariances of a variance."""
    points = torch.zeros(len(values), 1, 3).double()
    points[:, 0, 0] = torch.tensor(values).double()
    points[torch.isnan(points[..., 0])] = NAN
    covariance = variance * torch.eye(3).double().expand(len(values), 1, 3, 3)
    return points, covariance, torch.arange(len(values)).double()


def test_without_acceleration_it_is_the_line_of_least_squares():
    # Of 0, 1, 5 at 0, 1, 2 s: the mean 2, the slope (5 - 0) / 2.
    out = smooth(*line([0.0, 1.0, 5.0]), acceleration=1e-6)
    np.testing.assert_allclose(out.points[:, 0, 0], [-0.5, 2.0, 4.5], atol=1e-4)
    np.testing.assert_allclose(out.points[:, 0, 1:], 0, atol=1e-9)
    # Variances of such a line: (1 / 3 + (t - 1)^2 / 2).
    np.testing.assert_allclose(out.covariance[:, 0, 0, 0], [5 / 6, 1 / 3, 5 / 6], atol=1e-4)


def test_with_any_acceleration_it_is_what_was_measured():
    out = smooth(*line([0.0, 1.0, 5.0]), acceleration=1e6)
    np.testing.assert_allclose(out.points[:, 0, 0], [0.0, 1.0, 5.0], atol=1e-4)


def test_a_sure_view_pulls_more():
    points, covariance, times = line([0.0, 4.0, 0.0])
    covariance = covariance.clone()
    covariance[1] *= 1e6  # hardly measured
    out = smooth(points, covariance, times, acceleration=1e-6)
    np.testing.assert_allclose(out.points[:, 0, 0], [0.0, 0.0, 0.0], atol=1e-3)


def by_least_squares(points, covariance, times, acceleration):
    """All states of one joint at once: measurements and accelerations, weighted, no prior."""
    frames = len(times)
    rows, right = [], []
    for f in range(frames):
        if np.isfinite(points[f]).all():
            W = np.linalg.cholesky(np.linalg.inv(covariance[f])).T
            row = np.zeros((3, 6 * frames))
            row[:, 6 * f : 6 * f + 3] = W
            rows.append(row)
            right.append(W @ points[f])
    for f in range(frames - 1):
        # The steps of place and velocity share one acceleration: v' - v = a dt, and
        # p' - p - v dt = a dt^2 / 2 holds exactly.
        dt = times[f + 1] - times[f]
        row = np.zeros((3, 6 * frames))
        row[:, 6 * f + 3 : 6 * f + 6] = -np.eye(3)
        row[:, 6 * f + 9 : 6 * f + 12] = np.eye(3)
        rows.append(row / (dt * acceleration))
        right.append(np.zeros(3))
        exact = np.zeros((3, 6 * frames))
        exact[:, 6 * f : 6 * f + 3], exact[:, 6 * f + 6 : 6 * f + 9] = -np.eye(3), np.eye(3)
        exact[:, 6 * f + 3 : 6 * f + 6] = exact[:, 6 * f + 9 : 6 * f + 12] = -dt / 2 * np.eye(3)
        rows.append(1e6 * exact)
        right.append(np.zeros(3))
    found = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0]
    return found.reshape(frames, 6)[:, :3]


def test_it_is_the_most_likely_course_of_all_frames():
    random = np.random.RandomState(0)
    times = np.cumsum(random.uniform(0.02, 0.06, 14))
    points = np.stack([np.sin(3 * times), times, 0 * times], 1) + 0.05 * random.randn(14, 3)
    points[[5, 6]] = np.nan
    roots = 0.05 * np.eye(3) + 0.01 * random.randn(14, 3, 3)
    covariance = roots @ roots.transpose(0, 2, 1)
    expected = by_least_squares(points, covariance, times, 8.0)
    out = smooth(
        torch.from_numpy(points)[:, None],
        torch.from_numpy(covariance)[:, None],
        torch.from_numpy(times),
        acceleration=8.0,
    )
    np.testing.assert_allclose(out.points[:, 0], expected, atol=2e-4)


def test_gaps_are_filled_while_they_are_short():
    values = [NAN, 0.0, 1.0, NAN, NAN, 4.0, NAN, NAN, NAN, 8.0, NAN]
    out = smooth(*line(values), acceleration=1e-3, max_gap=2)
    there = torch.isfinite(out.points[:, 0, 0]).tolist()
    assert there == [i in (1, 2, 3, 4, 5, 9) for i in range(11)]
    np.testing.assert_allclose(out.points[3:5, 0, 0], [2.0, 3.0], atol=1e-2)


def test_joints_do_not_touch_each_other_and_one_may_be_missing():
    points, covariance, times = line([0.0, 1.0, 5.0])
    other = torch.full_like(points, NAN)
    both = smooth(
        torch.cat([points, other], 1), covariance.expand(3, 2, 3, 3), times, acceleration=2.0
    )
    alone = smooth(points, covariance, times, acceleration=2.0)
    np.testing.assert_allclose(both.points[:, 0], alone.points[:, 0], atol=1e-5)
    assert torch.isnan(both.points[:, 1]).all()
    nothing = smooth(other, covariance, times)
    assert torch.isnan(nothing.points).all()


def test_the_likeliest_acceleration_is_near_the_true_one():
    random = np.random.RandomState(1)
    dt, true = 0.02, 30.0
    velocity = np.cumsum(true * dt * random.randn(400, 6, 3), 0)
    places = np.cumsum(velocity * dt, 0)
    noise = 0.05
    points = torch.from_numpy(places + noise * random.randn(*places.shape))
    covariance = (noise**2 * torch.eye(3).double()).expand(400, 6, 3, 3)
    found = likely_acceleration(points, covariance, dt * torch.arange(400).double())
    assert 0.5 * true < found < 2 * true
    out = smooth(points, covariance, dt * torch.arange(400).double())
    before, after = (np.abs(np.asarray(each) - places).mean() for each in (points, out.points))
    assert after < 0.75 * before


def test_the_covariance_is_that_of_many_noisy_triangulations():
    K = torch.tensor([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]).double().expand(3, 3, 3)
    R = torch.eye(3).double().expand(3, 3, 3)
    t = torch.tensor([[-1.0, 0, 5], [1, 0, 5], [0.5, 1, 6]]).double()
    weights = torch.tensor([1.0, 4.0, 0.25]).double()
    point = torch.tensor([[0.3, -0.2, 0.5]]).double()
    exact = project(point, K, R, t)[0][:, 0]
    from mmpose_al.geometry.triangulation import triangulate_dlt

    noise = torch.randn(20000, 3, 2, generator=torch.Generator().manual_seed(0)).double()
    pixels = exact + 2.0 * noise / weights.sqrt()[:, None]
    found = triangulate_dlt(pixels, K, R, t, weights)
    expected = np.cov(found.numpy().T)
    got = point_covariance(point, K, R, t, weights=weights[None], sigma=2.0)[0].numpy()
    np.testing.assert_allclose(got, expected, atol=0.05 * np.abs(expected).max())
    alone = point_covariance(point, K, R, t, weights=weights[None] * torch.tensor([1.0, 0, 0]))
    assert torch.isnan(alone).all()


def test_a_gross_error_hardly_bends_the_course():
    values = [float(v) for v in range(20)]
    values[9] = 60.0
    points, covariance, times = line(values)
    plain = smooth(points, covariance, times, acceleration=0.05)
    robust, acceleration = smooth_robustly(points, covariance, times, 0.05)
    assert plain.points[9, 0, 0] - 9 > 4 > 0.5 > abs(robust.points[9, 0, 0] - 9)
    assert acceleration == 0.05
    once, _ = smooth_robustly(points, covariance, times, 0.05, passes=1)
    assert bool((once.points == plain.points).all())


def test_what_it_refuses():
    points, covariance, times = line([0.0, 1.0, 5.0])
    with pytest.raises(ValueError, match='times rise'):
        smooth(points, covariance, times.flip(0))
    with pytest.raises(ValueError, match='acceleration is above 0'):
        smooth(points, covariance, times, acceleration=0.0)
