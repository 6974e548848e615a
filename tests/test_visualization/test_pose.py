"""One pose on its image: what is drawn, and where."""

import numpy as np

from mmpose_al.visualization.pose import draw_pose


def test_joints_and_links_above_the_threshold_are_drawn_in_their_places():
    image = np.zeros((300, 300, 3), np.uint8)
    keypoints = np.array([[50.0, 40.0], [50.0, 200.0], [250.0, 40.0]])
    scores = np.array([0.9, 0.8, 0.1])
    drawn = draw_pose(image, keypoints, scores, [(0, 1), (0, 2)], 0.5)
    assert not image.any(), 'the image is left alone'
    assert drawn[40, 50].tolist() == drawn[200, 50].tolist() == [255, 100, 0]
    assert drawn[120, 50].tolist() == [0, 200, 255]
    # the third joint is below the threshold, and so is its link
    assert not drawn[40, 250].any() and not drawn[40, 150].any()


def test_a_joint_outside_the_image_is_no_error():
    drawn = draw_pose(np.zeros((20, 20, 3), np.uint8), np.full((1, 2), -500.0), [1.0], [], 0.5)
    assert not drawn.any()
