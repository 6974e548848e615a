"""The ring of cameras, and its projection against OpenCV."""

import numpy as np
import pytest

from mmpose_al.synthetic import cameras
from tests.test_synthetic.views import opencv_pixels, strong_camera


@pytest.mark.parametrize('number', [2, 3, 8, 31])
def test_ring_is_calibrated_and_spread(number):
    ring = cameras.camera_ring(np.random.default_rng(1), number, (160, 120))
    assert len(ring) == number
    centres = np.array([-c.R.T @ c.t for c in ring])
    assert len(set(centres[:, 2].round())) == number
    assert np.ptp(centres[:, 2]) == pytest.approx(2200, abs=1)
    azimuth = np.arctan2(centres[:, 1], centres[:, 0])
    even = 90 if number == 2 else 200 / (number - 1)  # degrees
    turn = np.degrees(np.diff(azimuth)) % 360
    assert (abs(turn / even - 1) < 0.3).all()
    assert abs(np.degrees(azimuth.min() + azimuth.max())) < even  # around the x axis
    for c in ring:
        np.testing.assert_allclose(c.R @ c.R.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(c.R) == pytest.approx(1)
        middle = cameras.project(np.array([0, 0, 950.0]), c)
        assert np.abs(middle - [79.5, 59.5]).max() < 20
        feet, head = cameras.project(np.array([[0, 0, 0], [0, 0, 1700.0]]), c)
        assert feet[1] > head[1] + 50, 'up is not up'


@pytest.mark.parametrize('number', [1, 32])
def test_ring_refuses_other_numbers(number):
    with pytest.raises(ValueError, match='2 to 31'):
        cameras.camera_ring(np.random.default_rng(1), number, (160, 120))


def test_projection_agrees_with_opencv_and_with_the_rays():
    camera = strong_camera()
    points = np.random.default_rng(0).uniform(-700, 1500, (50, 3))
    np.testing.assert_allclose(
        cameras.project(points, camera), opencv_pixels(points, camera), atol=1e-6
    )
    rays = cameras.pixel_rays(camera)
    world = (3000 * rays[[5, 100], [90, 3]] - camera.t) @ camera.R
    np.testing.assert_allclose(opencv_pixels(world, camera), [[90, 5], [3, 100]], atol=1e-3)
