"""What is said of a rig before anybody labels."""

import cv2
import numpy as np
import pytest

from mmpose_al.converters.rigs import about_rig, looks_away, reach
from mmpose_al.converters.sources import Source

SIZE = (160, 120)
K = np.array([[150.0, 0, 80], [0, 150, 60], [0, 0, 1]])


def camera(name, angle, dist=(), distance=3000.0):
    """Looks at the origin from a circle around it."""
    R = cv2.Rodrigues(np.array([0, angle, 0.0]))[0]
    t = np.array([0, 0, distance])
    return dict(name=name, size=SIZE, K=K, dist=np.array(dist), R=R, t=t)


def view(name, turned=''):
    return Source(name, name, None, 5, SIZE, 25.0, turned)


def test_a_good_rig():
    cameras = [camera('a', 0.0), camera('b', np.pi / 2), camera('c', np.pi)]
    assert about_rig([view(c['name']) for c in cameras], cameras) == [
        'cameras: 4.243 to 6 m apart. If that is wrong, --unit or the extrinsics are'
    ]
    assert about_rig([view('a', 'turned by 90')], cameras[:1], ['x', 'y']) == [
        'a: turned by 90',
        'cameras of the calibration without a view: x, y',
    ]


def test_cameras_at_one_place():
    cameras = [camera('a', 0.0), camera('b', 1.0), camera('c', 1.0)]
    last = about_rig([], cameras)[-1]
    assert last.startswith("warning: cameras 'b' and 'c' stand at one place")


def test_poses_of_cameras_in_place_of_extrinsics():
    """R and t from the camera to the world: the rig is turned inside out."""
    angles = (0.3, 1.2, 2.4, 4.0)
    cameras = [camera(str(angle), angle) for angle in angles]
    assert looks_away(cameras) == []
    for each in cameras:
        each['R'], each['t'] = each['R'].T, -each['R'].T @ each['t']
    assert looks_away(cameras)
    assert any('world to the camera' in line for line in about_rig([], cameras))


def test_parallel_axes_meet_nowhere():
    cameras = [camera('a', 0.0), camera('b', 0.0)]
    cameras[1]['t'] = cameras[1]['t'] + [100.0, 0, 0]
    assert looks_away(cameras) == []


@pytest.mark.parametrize(
    'dist, folds',
    [
        ([], False),
        ([-0.1, 0, 0, 0, 0], False),
        ([-0.3, 0.1, 0, 0], False),
        ([0.1, 0.2, 0, 0], False),
        ([-2.0, 0, 0, 0], True),
        ([-0.3, 0.1, 0.0, 0.0, -3.0], True),
    ],
)
def test_a_distortion_that_folds_back_inside_the_image_is_said(dist, folds):
    lines = about_rig([], [camera('a', 0.0, dist)])
    assert [line[:41] for line in lines] == folds * ["warning: the distortion of camera 'a' fol"]


def test_reach_is_that_of_opencv():
    """Nothing is projected farther from the principal point than it says."""
    one = camera('a', 0.0, [-1.0, 0, 0, 0])
    share = reach(one)
    points = np.array([[x, 0.75 * x, 1.0] for x in np.linspace(0, 0.45, 4000)])
    zero = np.zeros(3)
    pixels = cv2.projectPoints(points, zero, zero, K, one['dist'])[0][:, 0]
    farthest = np.linalg.norm(pixels - [80, 60], axis=1).max()
    assert np.isclose(farthest, share * np.hypot(80.5, 60.5), rtol=1e-3)
