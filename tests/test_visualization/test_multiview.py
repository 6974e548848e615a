"""Sheets of views: what is drawn, and where."""

import cv2
import numpy as np
import pytest

from mmpose_al.visualization.multiview import (
    OUTLIER_COLOR,
    REPROJECTED_COLOR,
    crop,
    draw_views,
    grid,
)
from mmpose_al.visualization.overlays import PREDICTED_COLOR, TRUE_COLOR

BAR = 20


def at(points):
    return np.asarray(points, float)[:, None]  # (V, 1 joint, 2)


def test_each_kind_of_joint_is_drawn_in_its_colour_and_view(tmp_path):
    images = [np.zeros((100, 200, 3), np.uint8), np.zeros((100, 150, 3), np.uint8)]
    out = tmp_path / 'new' / 'sheet.png'
    draw_views(
        images,
        ['a', 'b'],
        [],
        str(out),
        true=at([[20, 30], [40, 50]]),
        predicted=at([[60, 70], [80, 20]]),
        reprojected=at([[120, 30], [np.nan, 1]]),
        inliers=np.array([[True], [False]]),
        columns=2,
        height=100,
    )
    sheet = cv2.imread(str(out))
    width = sheet.shape[1] // 2  # the wider of view and title
    assert width >= 204 and sheet.shape[0] == 2 * BAR + 100 + 4
    first, second = (sheet[2 * BAR : 2 * BAR + 100, left : left + 150] for left in (0, width))
    assert tuple(first[30, 20]) == TRUE_COLOR and tuple(second[50, 40]) == TRUE_COLOR
    assert tuple(first[70, 60]) == PREDICTED_COLOR
    assert tuple(second[20, 80]) == PREDICTED_COLOR
    assert tuple(first[30, 120]) == REPROJECTED_COLOR
    blues = (second == REPROJECTED_COLOR).all(-1).sum()
    assert blues == 0  # NaN is not drawn
    # a square around the outlier only; its sides are 5 pixels away
    assert np.abs(second[15, 80] - np.array(OUTLIER_COLOR)).max() < 50
    assert not first[65, 60].any()


def test_boxes_show_only_that_part_and_move_the_joints_along(tmp_path):
    image = np.zeros((100, 200, 3), np.uint8)
    out = tmp_path / 'sheet.png'
    draw_views(
        [image],
        ['a name wider than its view'],
        [],
        str(out),
        predicted=at([[110, 40]]),
        boxes=np.array([[100, 20, 149.2, 300]]),
        height=160,
    )  # rows 20 to 99: twice the size
    sheet = cv2.imread(str(out))[2 * BAR :]
    # (10, 20) in the part; twice as large, its centre is at (20.5, 40.5).
    assert tuple(sheet[40, 20]) == PREDICTED_COLOR
    assert (sheet[-4:] == 255).all()
    assert sheet.shape[1] > 2 * 51 + 4  # as wide as the name
    part, origin = crop(image, [-9, -9, -5, -5])
    assert part.shape == (1, 1, 3) and origin.tolist() == [0, 0]


def test_grid_is_square_by_default_and_keeps_sizes():
    cells = [np.full((4, 5 + i, 3), i, np.uint8) for i in range(5)]
    sheet = grid(cells, 3)
    assert sheet.shape == (8, 27, 3)
    assert (sheet[4:, 9:17] == 4).all() and (sheet[:4, 5:9] == 255).all()


def test_wrong_number_of_views(tmp_path):
    with pytest.raises(ValueError, match='predicted has 1 entries for 2 views'):
        draw_views(
            [np.zeros((4, 4, 3), np.uint8)] * 2,
            ['a', 'b'],
            [],
            str(tmp_path / 'x.png'),
            predicted=at([[0, 0]]),
        )
