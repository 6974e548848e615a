"""A joint that is clicked in some views is where OpenCV projects it in the others."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.label_app.propagation import agree, clip_line, epipolar_line, rig_of
from tests.test_active_learning.rig import ring

DIST = np.array([-0.25, 0.08, 0.001, -0.002, 0.01])
POINTS = np.array([[100.0, -250, 300], [-320, 60, -150], [10, 400, 90]])


def rig_and_pixels(dist=DIST, views=4, without=()):
    """A ring of cameras and the true pixels of three joints, (V, 3, 2), by OpenCV."""
    K, R, t = ring(views)
    cameras = [
        dict(id=v, K=K[v], R=R[v], t=t[v], dist=dist) for v in range(views) if v not in without
    ]
    pool = SimpleNamespace(data=dict(cameras=cameras))
    pixels = np.stack(
        [
            cv2.projectPoints(POINTS, cv2.Rodrigues(R[v])[0], t[v], K[v], dist)[0][:, 0]
            for v in range(views)
        ]
    )
    return rig_of(pool, [dict(camera_id=v) for v in range(views)]), pixels


@pytest.mark.parametrize('dist', [None, DIST], ids=['pinhole', 'lens'])
def test_two_clicks_say_where_the_joint_is_in_the_other_views(dist):
    rig, truth = rig_and_pixels(dist)
    clicks = np.full(truth.shape, np.nan)
    clicks[0, 0], clicks[2, 0] = truth[0, 0], truth[2, 0]  # opposite cameras are no worse
    clicks[1, 1] = truth[1, 1]  # one click alone says nothing
    agreed = agree(rig, clicks, 20.0)
    assert agreed.met.tolist() == [True, False, False]
    np.testing.assert_allclose(agreed.pixels[:, 0], truth[:, 0], atol=1e-3)
    assert np.isnan(agreed.pixels[:, 1:]).all()
    np.testing.assert_allclose(agreed.errors[[0, 2], 0], 0, atol=1e-3)
    assert np.isnan(agreed.errors[[1, 3], 0]).all()


@pytest.mark.parametrize('off', [[30, 40], [24, 7], [0, 30], [-16, -28]], ids=str)
def test_a_click_that_disagrees_is_outvoted_and_its_error_is_its_distance(off):
    rig, truth = rig_and_pixels()
    clicks = truth.copy()
    clicks[3, 0] += off
    agreed = agree(rig, clicks, 20.0)
    assert agreed.inliers[:, 0].tolist() == [True, True, True, False]
    np.testing.assert_allclose(agreed.errors[3, 0], np.hypot(*off), atol=0.01)
    np.testing.assert_allclose(agreed.pixels[3, 0], truth[3, 0], atol=0.01)
    assert agreed.inliers[:, 1:].all()


def test_each_view_has_its_own_threshold():
    rig, truth = rig_and_pixels()
    clicks = truth.copy()
    clicks[3, 0] += [0, 12]
    for own, agrees in ((20.0, True), (6.0, False)):
        agreed = agree(rig, clicks, np.array([4.0, 4, 4, own]))
        assert agreed.inliers[:, 0].tolist() == [True, True, True, agrees]
        assert agreed.inliers[:, 1:].all()
    np.testing.assert_allclose(agreed.errors[3, 0], 12, atol=0.01)
    one = agree(rig, clicks, np.full(4, 9.0))
    np.testing.assert_allclose(one.pixels, agree(rig, clicks, 9.0).pixels)


def test_two_clicks_that_do_not_meet_propose_nothing():
    rig, truth = rig_and_pixels()
    clicks = np.full(truth.shape, np.nan)
    clicks[0, 0], clicks[1, 0] = truth[0, 0] - [0, 60], truth[1, 0] + [0, 60]
    agreed = agree(rig, clicks, 20.0)
    assert not agreed.met.any() and np.isnan(agreed.pixels).all() and not agreed.inliers.any()


def test_confidences_weigh_and_views_without_a_camera_take_no_part():
    rig, truth = rig_and_pixels(without=(1,))
    assert rig.known.tolist() == [True, False, True, True]
    said = truth.copy()
    said[0, 0] += [4, 0]
    said[1] = 0  # a view without a camera cannot do harm
    weights = np.ones((4, 3))
    sure = agree(rig, said, 20.0, weights)
    weights[0] = 0.1
    unsure = agree(rig, said, 20.0, weights)
    assert np.isnan(sure.pixels[1]).all() and sure.met.all()
    near = np.linalg.norm(unsure.pixels[2, 0] - truth[2, 0])
    far = np.linalg.norm(sure.pixels[2, 0] - truth[2, 0])
    assert near < 0.1 * far and far > 0.1
    lonely, _ = rig_and_pixels(without=(0, 1, 2))
    alone = agree(lonely, truth, 20.0)
    assert not alone.met.any() and alone.pixels.shape == truth.shape


def test_an_epipolar_line_satisfies_the_fundamental_matrix():
    rig, truth = rig_and_pixels(None)
    line = epipolar_line(rig, 0, truth[0, 1], 1)
    K, R, t = (np.asarray(part) for part in rig[:3])
    relative = R[1] @ R[0].T
    shift = t[1] - relative @ t[0]
    cross = np.array([[0, -shift[2], shift[1]], [shift[2], 0, -shift[0]], [-shift[1], shift[0], 0]])
    F = np.linalg.inv(K[1]).T @ cross @ relative @ np.linalg.inv(K[0])
    normal = F @ [*truth[0, 1], 1]
    distances = (np.c_[line, np.ones(len(line))] @ normal) / np.hypot(*normal[:2])
    assert len(line) > 100 and np.abs(distances).max() < 1e-6
    assert np.linalg.norm(line - truth[1, 1], axis=1).min() < 10  # it runs through the joint


def test_a_lens_bends_the_line_and_the_joint_is_still_on_it():
    rig, truth = rig_and_pixels()
    line = epipolar_line(rig, 0, truth[0, 1], 1)
    step = np.linalg.norm(line - truth[1, 1], axis=1).argmin()
    a, b = line[step - 1], line[step + 1]
    off = (b[0] - a[0]) * (truth[1, 1, 1] - a[1]) - (b[1] - a[1]) * (truth[1, 1, 0] - a[0])
    assert abs(off / np.linalg.norm(b - a)) < 0.2
    assert len(epipolar_line(rig, 0, truth[0, 1], 0)) == 0  # no line in the view itself
    bare, _ = rig_and_pixels(without=(1,))
    assert len(epipolar_line(bare, 0, truth[0, 1], 1)) == 0


def test_a_line_is_cut_to_the_image_and_a_point_beyond():
    line = np.array([[-30.0, 5], [-10, 5], [2, 5], [8, 5], [12, 5], [40, 5]])
    assert clip_line(line, 10, 10) == [[-10, 5], [2, 5], [8, 5], [12, 5]]
    assert clip_line(line + [0, 20], 10, 10) == [] == clip_line(line[:0], 10, 10)
