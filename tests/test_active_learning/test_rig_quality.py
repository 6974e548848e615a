"""How well views agree: cameras that are off show in numbers."""

import numpy as np
import pytest

from mmpose_al.active_learning import rig_quality as module
from mmpose_al.active_learning.rig_quality import rig_quality
from tests.test_active_learning.rig import make_views

NAMES = {0: 'a', 1: 'b', 2: 'c', 3: 'd'}


def test_views_that_agree(monkeypatch):
    views, _ = make_views(6, np.zeros(6))
    found = rig_quality(views, NAMES)
    assert found['rig/inliers'] == found['rig/triangulated'] == 100
    assert found['rig/reprojection_error'] < 0.01
    monkeypatch.setattr(module, 'MOST', 2)
    assert rig_quality(views, NAMES)['rig/inliers'] == 100


def test_a_camera_that_is_off_is_the_one_with_the_error():
    views, _ = make_views(6, np.zeros(6))
    cameras = np.unique(views.camera_id)
    off = views.camera_id == cameras[2]
    views['keypoints'][off] += [30.0, 40.0]
    names = {int(number): f'cam{place}' for place, number in enumerate(cameras)}
    found = rig_quality(views, names)
    assert found['rig/inliers/cam2'] == 0 and found['rig/inliers/cam0'] == 100
    assert found['rig/reprojection_error/cam2'] == pytest.approx(50, abs=0.5)
    assert found['rig/reprojection_error/cam1'] < 0.01
    assert found['rig/inliers'] == pytest.approx(100 * (len(cameras) - 1) / len(cameras))


def test_a_camera_that_was_calibrated_anew_is_one_camera():
    views, _ = make_views(6, np.zeros(6))
    cameras = np.unique(views.camera_id)
    views['keypoints'][views.camera_id == cameras[2]] += [30.0, 40.0]
    names = {int(number): 'ab'[place % 2] for place, number in enumerate(cameras)}
    found = rig_quality(views, names)
    assert {name for name in found if name.startswith('rig/inliers/')} == {
        'rig/inliers/a',
        'rig/inliers/b',
    }
    even = len(cameras[::2])
    assert found['rig/inliers/a'] == pytest.approx(100 * (even - 1) / even)
    assert found['rig/inliers/b'] == 100


def test_single_views_have_nothing_to_agree_with():
    views, _ = make_views(3, np.zeros(3))
    one = views.select(views.camera_id == views.camera_id[0])
    assert rig_quality(one, NAMES) == {}
