import cv2
import numpy as np
from matplotlib.figure import Figure

from mmpose_al.visualization import draw_beside
from mmpose_al.visualization.beside import _draw_poses

LINKS = [(0, 1), (1, 2)]


def person(pose):
    return dict(
        keypoints=np.array([[5.0, 5], [20, 10], [30, 40]]),
        scores=np.array([0.9, 0.8, 0.1]),
        keypoints_3d=pose,
    )


def test_one_row_an_image_with_and_without_depth(tmp_path):
    pose = np.array([[0.0, 0, 3000], [200, 0, 3100], [200, 500, 3000]])
    images = [np.full((48, 64, 3), value, np.uint8) for value in (90, 160, 30)]
    out = tmp_path / 'made' / 'beside.png'
    draw_beside(images, [[person(pose), person(None)], [person(None)], []], LINKS, str(out))
    picture = cv2.imread(str(out))
    one = tmp_path / 'one.png'
    draw_beside(images[:1], [[person(pose)]], LINKS, str(one))
    assert abs(picture.shape[0] - 3 * cv2.imread(str(one)).shape[0]) <= 3
    # the joint that is not sure is neither drawn nor linked: nothing changes with it
    sure, moved = person(pose), person(pose)
    moved['keypoints'][2] = 60, 10
    drawn = []
    for entry in (sure, moved):
        draw_beside(images[:1], [[entry]], LINKS, str(one))
        drawn.append(cv2.imread(str(one)))
    assert np.array_equal(*drawn)
    draw_beside(images[:1], [[moved]], LINKS, str(one), threshold=0.0)
    assert not np.array_equal(drawn[0], cv2.imread(str(one)))


def test_up_is_up_and_away_is_away():
    """A joint above and behind another, in the camera's axes (y down, z away)."""
    axes = Figure().add_subplot(projection='3d')
    _draw_poses(axes, [np.array([[0.0, 0, 0], [0, -100, 50]])], [(0, 1)])
    x, away, up = axes.lines[0].get_data_3d()
    assert np.allclose(x, 0) and away[1] - away[0] == 50 and up[1] - up[0] == 100
    assert axes.get_xlim() == axes.get_zlim() == (-50, 50)
