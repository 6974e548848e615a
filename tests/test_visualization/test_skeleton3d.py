"""3D scenes and residual plots: what is drawn, and where."""

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from mmpose_al.visualization import skeleton3d
from mmpose_al.visualization.skeleton3d import (
    draw_scene,
    nice_step,
    plot_residuals,
    upright,
    upwards,
)


def cameras():
    """Two cameras 4 m from the world's y axis, which points down in the images."""
    R = np.diag([-1.0, 1, -1])
    return [
        dict(name='front', R=np.eye(3), t=np.array([0.0, 0, 4000])),
        dict(name='back', R=R, t=np.array([0.0, 0, 4000])),
    ]


@pytest.fixture
def figures(monkeypatch):
    """Keep the figures that are drawn."""
    kept = []

    class Kept(Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            kept.append(self)

    monkeypatch.setattr(skeleton3d, 'Figure', Kept)
    return kept


def test_up_is_up_in_the_images():
    up = upwards([c['R'] for c in cameras()])
    np.testing.assert_allclose(up, [0, -1, 0], atol=1e-12)
    turn = upright(up)
    np.testing.assert_allclose(turn @ up, [0, 0, 1], atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(upright([0, 0, 3]), np.eye(3))
    assert upwards([]).tolist() == [0, 0, 1]
    opposed = [np.eye(3), np.diag([-1.0, -1, 1])]  # up cancels out
    assert upwards(opposed).tolist() == [0, 0, 1]


def test_scene_has_one_scale_and_everything_inside(tmp_path, figures):
    pose = np.array([[0.0, -800, 0], [0, 800, 0], [300, 0, 100], [np.nan] * 3])
    out = tmp_path / 'scene.png'
    draw_scene(dict(true=pose, other=pose + 20), [(0, 1), (1, 2), (2, 3)], str(out), cameras())
    assert cv2.imread(str(out)).std() > 0
    scene, close = figures[0].axes
    assert {text.get_text().strip() for text in scene.texts} == {'front', 'back'}
    for axes in (scene, close):
        limits = np.array([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()])
        sides = limits[:, 1] - limits[:, 0]
        ratio = np.array(axes._box_aspect) / sides
        np.testing.assert_allclose(ratio, ratio[0])  # equal aspect
        for line in axes.lines:
            points = np.stack(line.get_data_3d())
            assert (np.nanmin(points, 1) >= limits[:, 0]).all()
            assert (np.nanmax(points, 1) <= limits[:, 1]).all()
    # metres: the cameras stand 4 m away; up: the joint at y = -800 is at z = +0.8
    corners = np.concatenate([np.stack(line.get_data_3d(), 1) for line in scene.lines])
    assert np.nanmax(np.linalg.norm(corners[:, :2], axis=1)) == pytest.approx(4, abs=0.1)
    joints = np.stack(scene.lines[1].get_data_3d(), 1)
    assert joints[0, 2] == pytest.approx(0.8) and joints[1, 2] == pytest.approx(-0.8)
    labels = [t.get_text() for t in close.get_legend().get_texts()]
    assert labels == ['true', 'other']


def test_labels_of_a_tall_pose_are_not_cut_off(tmp_path):
    pose = np.array([[-300.0, -900, -600], [300, 900, 600], [0, 0, 0]])
    out = str(tmp_path / 'scene.png')
    draw_scene(dict(a=pose), [], out, cameras())
    picture = cv2.imread(out)
    for border in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert (border == 255).all()


def test_pyramids_open_towards_what_the_camera_sees(tmp_path, figures):
    draw_scene(dict(a=np.zeros((1, 3))), [], str(tmp_path / 'x.png'), cameras())
    front, back = figures[0].axes[0].lines[-2:]
    for line in (front, back):
        points = np.stack(line.get_data_3d(), 1)
        apex, base = points[0], points[1:5].mean(0)
        assert np.linalg.norm(apex) == pytest.approx(4)
        assert np.linalg.norm(base) < np.linalg.norm(apex)


def test_scene_without_cameras_and_without_joints(tmp_path, figures):
    draw_scene(dict(a=np.zeros((2, 3))), [(0, 1)], str(tmp_path / 'x.png'))
    assert len(figures[0].axes) == 1
    with pytest.raises(ValueError, match='known joint'):
        draw_scene(dict(a=np.full((2, 3), np.nan)), [], str(tmp_path / 'x.png'))


def test_residuals_of_each_camera(tmp_path, figures):
    out = tmp_path / 'residuals.png'
    plot_residuals(
        dict(
            a=np.array([[1.0, 2], [3, -4], [np.nan, 0]]),
            b=np.zeros((0, 2)),
            c=np.array([[-1.0, 0]]),
        ),
        str(out),
        limit=5,
    )
    assert cv2.imread(str(out)).std() > 0
    a, b, c = figures[0].axes
    assert a.get_title() == 'a: mean (+2.00, -1.00)\n2 joints'
    assert b.get_title() == 'b: no inlier'
    assert a.get_xlim() == (-5, 5) and a.get_ylim() == (5, -5)  # y down
    np.testing.assert_allclose(a.lines[-1].get_xydata(), [[2, -1]])
    with pytest.raises(ValueError, match='no camera'):
        plot_residuals({}, str(out))
    plot_residuals(dict(a=np.zeros((0, 2))), str(out))  # no error


def test_some_residuals_are_drawn_and_all_count(tmp_path, figures):
    points = np.c_[np.arange(100.0), np.zeros(100)]
    for name in ('x.png', 'y.png'):
        plot_residuals(dict(a=points, b=points[:7]), str(tmp_path / name), drawn=10)
    (a, b), (again, _) = (figure.axes for figure in figures)
    assert a.get_title() == 'a: mean (+49.50, +0.00)\n100 joints, 10 drawn'
    assert b.get_title() == 'b: mean (+3.00, +0.00)\n7 joints'
    drawn = a.lines[2].get_xydata()
    assert len(drawn) == len(np.unique(drawn[:, 0])) == 10 and set(drawn[:, 0]) <= set(range(100))
    np.testing.assert_array_equal(drawn, again.lines[2].get_xydata())
    assert a.get_xlim()[1] > 98  # of all, too


def test_nice_steps():
    assert [nice_step(v) for v in (1, 1.2, 0.03, 450, 500, 9)] == pytest.approx(
        [1, 2, 0.05, 500, 500, 10]
    )
