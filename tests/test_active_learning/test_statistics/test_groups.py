"""Views of one person in one frame, and their triangulation."""

import numpy as np
import pytest

from mmpose_al.active_learning.statistics import concatenate, group_views, groups, triangulate_views
from mmpose_al.geometry.evidence import Grade
from tests.test_active_learning.rig import JOINTS, NUM_VIEWS, make_views


def test_groups_by_frame_and_person_in_order_of_the_cameras():
    views, _ = make_views(2)
    other = views.select([5, 4]).replace(id=np.array([900, 901]), person_id=np.array([3, 3]))
    both = concatenate([views, other]).select(np.arange(10)[::-1])
    keys, rows = group_views(both)
    assert keys.tolist() == [[0, 0], [10, 0], [10, 3]]
    assert both.id[rows[0]].tolist() == [0, 1, 2, 3]
    assert both.id[rows[2, :2]].tolist() == [901, 900] and rows[2, 2:].tolist() == [-1, -1]
    keys, rows = group_views(both, both.camera_id < 1)
    assert keys.tolist() == [[0, 0], [10, 0], [10, 3]] and rows.shape == (3, 1)
    keys, rows = group_views(both, np.zeros(10, bool))
    assert keys.shape == (0, 2) and rows.shape == (0, 0)


def test_missing_views_and_moving_cameras():
    views, points = make_views(3, noise=0.0)
    fewer = views.select(slice(1, None))  # one view of frame 0 lost
    groups = triangulate_views(fewer)
    assert groups.rows[0, -1] == -1 and (groups.rows[1:] >= 0).all()
    assert groups.ok.all()
    assert np.abs(groups.points - points).max() < 1e-3
    assert np.isnan(groups.errors[0, -1]).all()
    # every frame its own extrinsics: the world turned about z
    turned = views.replace(R=views.R.copy())
    angle = 0.3
    spin = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    second = views.frame_id == 10
    turned.R[second] = views.R[second] @ spin.T
    groups = triangulate_views(turned)
    assert np.abs(groups.points[1] - points[1] @ spin.T).max() < 1e-3
    assert np.abs(groups.points[0] - points[0]).max() < 1e-3


@pytest.mark.parametrize('at_once', [1, 2])
@pytest.mark.parametrize('moving', [False, True])
def test_groups_in_parts_are_the_same_groups(at_once, moving, monkeypatch):
    views, _ = make_views(5)
    views = views.select(np.arange(len(views)) != 6)  # one view of the second frame lost
    if moving:
        views = views.replace(t=views.t + 10.0 * (views.frame_id == 30)[:, None])
    whole = triangulate_views(views)
    monkeypatch.setattr(groups, '_AT_ONCE', at_once)
    for one, other in zip(triangulate_views(views), whole):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == 'f')
    assert whole.ok.all() and (whole.rows < 0).sum() == 1


def test_no_cameras_no_groups():
    views, _ = make_views(2)
    groups = triangulate_views(views.drop('K'))
    assert groups.points.shape == (0, JOINTS, 3) and len(groups.unit) == 0
    assert len(triangulate_views(views).unit) == 2 and NUM_VIEWS == 4


def test_two_views_are_graded_apart_and_min_inliers_refuses_them():
    views, points = make_views(2, noise=0.0)
    lost = views.replace(keypoints=views.keypoints.copy())
    lost.keypoints[2:4, 0] = np.nan  # two of the four views of joint 0 in the first frame
    groups = triangulate_views(lost)
    expected = np.full(groups.ok.shape, int(Grade.OK))
    expected[0, 0] = int(Grade.TWO_VIEWS)
    assert (groups.grade == expected).all() and groups.ok.all()
    groups = triangulate_views(lost, min_inliers=3)
    assert not groups.ok[0, 0] and groups.ok.sum() == groups.ok.size - 1
    assert np.abs(groups.points[1] - points[1]).max() < 1e-3


def test_confident_views_weigh_more_where_that_is_asked_for():
    views, points = make_views(6, noise=0.0)
    wrong = views.replace(keypoints=views.keypoints + 0, scores=np.ones_like(views.scores))
    off = views.camera_id == views.camera_id.max()
    wrong.keypoints[off] += 6.0
    wrong.scores[off] = 0.1
    errors = [
        np.abs(triangulate_views(wrong, weights=weights).points - points).mean()
        for weights in (None, 'confidence', 'confidence2')
    ]
    assert errors[2] < errors[1] < errors[0]
