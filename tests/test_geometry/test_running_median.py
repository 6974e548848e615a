"""Weighted running medians, by hand and by a slow version."""

import numpy as np
import pytest

from mmpose_al.geometry.running_median import running_median


def course(*x):
    """One point whose y is minus twice its x, in frames 0, 1, ..."""
    return np.array([[[each, -2 * each]] for each in x], float)


def sure(count):
    return np.ones((count, 1))


def test_by_hand():
    """Windows of 1, 3, 5, 3 and 1 frames with a radius of 2."""
    found, confidence = running_median(course(5.0, 0, 9, 2, 7), sure(5), np.arange(5), 2)
    assert found[:, 0, 0].tolist() == [5, 5, 5, 7, 7]
    assert (found[:, 0, 1] == -2 * found[:, 0, 0]).all() and (confidence == 1).all()


def test_weights_by_hand():
    """Of 0, 9 and 2 with weights 0.2, 0.3 and 0.5 half of the weight lies below 2 and 9: 5.5."""
    weight = np.array([[0.2], [0.3], [0.5]])
    found, confidence = running_median(course(0.0, 9, 2), weight, np.arange(3), 1)
    assert found[1, 0, 0] == pytest.approx(2)  # 0.2 below 2, 0.7 with it
    assert confidence[1, 0] == pytest.approx(0.04 + 0.09 + 0.25)
    found, _ = running_median(course(0.0, 9, 2), np.array([[0.5], [0.3], [0.2]]), np.arange(3), 1)
    assert found[1, 0, 0] == pytest.approx((0 + 2) / 2)  # exactly half is below 2
    assert found[:, 0, 0].tolist() == pytest.approx([0, 1, 2])


def test_motion_in_one_direction_stays_also_at_the_ends_and_at_uneven_times():
    times = np.array([0.0, 1, 2.5, 3, 4, 6, 7])
    points = np.stack([times**2, -times], -1)[:, None]
    for radius in (1, 2, 10):
        np.testing.assert_array_equal(running_median(points, sure(7), times, radius)[0], points)


def test_windows_are_of_times():
    found, _ = running_median(course(0.0, 50, 0), sure(3), np.array([0.0, 3, 6]), 2)
    assert found[1, 0, 0] == 50
    found, _ = running_median(course(0.0, 50, 0), sure(3), np.array([0.0, 3, 6]), 3)
    assert found[1, 0, 0] == 0


def test_a_jump_is_taken_back():
    x = np.arange(15.0)
    points = course(*x)
    points[7] += [40, -30]
    found, _ = running_median(points, sure(15), x, 2)
    assert np.abs(found - course(*x)).max() <= 2  # the neighbours' places


def test_a_gap_is_filled_between_neighbours_and_not_beyond_them():
    points, confidence = course(0.0, 1, 2, 3, 4, 5), sure(6) * 0.8
    for gone in (2, 5):
        points[gone], confidence[gone] = np.nan, 0
    found, mean = running_median(points, confidence, np.arange(6), 1)
    assert found[2, 0] == pytest.approx([2, -4]) and mean[2, 0] == pytest.approx(0.8)
    assert np.isnan(found[5]).all() and mean[5, 0] == 0


def test_what_stands_alone_stays():
    points, confidence = course(4.0, 1, 9), np.array([[0.0], [0.3], [0.0]])
    found, mean = running_median(points, confidence, np.arange(3), 1)
    assert (found == points).all() and mean[:, 0].tolist() == pytest.approx([0, 0.3, 0])
    nothing = running_median(points, np.zeros((3, 1)), np.arange(3), 1)
    assert (nothing[0] == points).all() and not nothing[1].any()
    empty = running_median(np.zeros((0, 2, 2)), np.zeros((0, 2)), np.zeros(0), 1)
    assert empty[0].shape == (0, 2, 2) and empty[1].shape == (0, 2)


def slow(points, confidence, times, radius):
    """The same, a frame, a keypoint and a coordinate at a time, by counting weight."""
    found = points.copy()
    for f, time in enumerate(times):
        before = sum(0 < time - other <= radius for other in times)
        after = sum(0 < other - time <= radius for other in times)
        reach = min(before, after)
        near = list(range(f - reach, f + reach + 1))
        for k in range(points.shape[1]):
            total = sum(confidence[g, k] for g in near)
            for axis in (0, 1):
                pairs = sorted((points[g, k, axis], confidence[g, k]) for g in near)
                below = 0.0
                for value, weight in pairs:
                    below += weight
                    if below > total / 2:
                        found[f, k, axis] = value
                        break
    return found


def test_against_a_slow_version():
    random = np.random.RandomState(0)
    times = np.cumsum(random.choice([1, 1, 2], 40)).astype(float)
    points = random.randn(40, 3, 2)
    confidence = 0.2 + 0.8 * random.rand(40, 3)
    found, _ = running_median(points, confidence, times, 4)
    expected = slow(points, confidence, times, 4)
    np.testing.assert_allclose(found, expected)
    assert (expected != points).any(-1).mean() > 0.5


@pytest.mark.parametrize(
    'times, radius, match',
    [([0.0, 1, 1], 2, 'times rise'), ([0.0, 1, 2], 0, 'radius is above 0; got 0')],
)
def test_times_and_radii_that_mean_nothing(times, radius, match):
    with pytest.raises(ValueError, match=match):
        running_median(course(1.0, 2, 3), sure(3), np.array(times), radius)
