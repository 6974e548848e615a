"""One pose on its image: what is drawn, and where."""

import numpy as np

from mmpose_al.visualization.pose import draw_pose, joint_colours


def test_joints_and_links_above_the_threshold_are_drawn_in_their_places():
    image = np.zeros((300, 300, 3), np.uint8)
    keypoints = np.array([[50.0, 40.0], [50.0, 200.0], [250.0, 40.0]])
    scores = np.array([0.9, 0.8, 0.1])
    drawn = draw_pose(image, keypoints, scores, [(0, 1), (0, 2)], 0.5)
    assert not image.any(), 'the image is left alone'
    assert drawn[40, 50].tolist() == [255, 102, 0]
    assert drawn[200, 50].any()
    assert drawn[120, 50].tolist() == [0, 200, 255]
    # the third joint is below the threshold, and so is its link
    assert not drawn[40, 250].any() and not drawn[40, 150].any()


def test_a_joint_outside_the_image_is_no_error():
    drawn = draw_pose(np.zeros((20, 20, 3), np.uint8), np.full((1, 2), -500.0), [1.0], [], 0.5)
    assert not drawn.any()


def test_each_joint_has_a_colour_of_its_own():
    assert joint_colours(0) == [] and joint_colours(1) == [(255, 102, 0)]
    assert joint_colours(2) == [(255, 102, 0), (0, 153, 255)]  # hues 216 and 36 degrees
    assert len(set(joint_colours(17))) == 17
    places = np.array([[10, 10], [30, 10]], float)
    drawn = draw_pose(np.zeros((40, 40, 3), np.uint8), places, [1, 1], [], 0.5)
    assert drawn[10, 10].tolist() == [255, 102, 0] and drawn[10, 30].tolist() == [0, 153, 255]
