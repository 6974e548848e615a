import cv2
import numpy as np
import pytest

from mmpose_al.visualization.overlays import (
    PREDICTED_COLOR,
    draw_overlays,
    draw_skeleton,
    fit_height,
    scaled,
)


def test_a_joint_is_drawn_on_its_own_pixel():
    image = np.zeros((20, 30, 3), np.uint8)
    draw_skeleton(image, np.array([[12.0, 7.0]]), np.ones(1), [], (1, 2, 3))
    assert tuple(image[7, 12]) == (1, 2, 3)
    assert not image[:4].any() and not image[11:].any()
    assert not image[:, :9].any() and not image[:, 16:].any()


def test_a_bone_needs_both_joints():
    points = np.array([[2.0, 10.0], [27.0, 10.0], [15.0, 2.0]])
    image = np.zeros((20, 30, 3), np.uint8)
    draw_skeleton(image, points, np.array([1, 1, 0]), [(0, 1), (0, 2)], (9, 9, 9))
    assert image[10, 15].any()
    assert not image[:6].any()


def test_what_is_not_finite_or_far_outside_is_no_error():
    image = np.zeros((20, 30, 3), np.uint8)
    points = np.array([[np.nan, 1], [1e12, 1e12], [5, 5]])
    draw_skeleton(image, points, np.ones(3), [(0, 1), (1, 2), (0, 2)], (9, 9, 9))
    assert image[5, 5].any()


def test_scaling_keeps_pixel_centres_at_integers():
    # Doubled, the first pixel covers the new pixels 0 and 1, so its centre is at 0.5.
    assert np.allclose(scaled(np.array([[0.0, 1.0]]), 2.0), [[0.5, 2.5]])
    cell, scale = fit_height(np.zeros((10, 6, 3), np.uint8), 20)
    assert cell.shape == (20, 12, 3) and scale == 2


def test_the_grid_has_a_row_for_each_model_and_a_column_for_each_image(tmp_path):
    images = [np.zeros((10, 8, 3), np.uint8), np.zeros((10, 6, 3), np.uint8)]
    true = [(np.array([[2.0, 2.0]]), np.zeros(1))] * 2
    out = tmp_path / 'new' / 'grid.png'
    draw_overlays(
        images,
        true,
        dict(a=[np.array([[4.0, 5.0]])] * 2, b=[np.array([[4.0, 5.0]])] * 2),
        [],
        str(out),
        height=10,
    )
    grid = cv2.imread(str(out))
    assert grid.shape == (2 * (10 + 18), 14, 3)
    for top in (18, 18 + 28):
        for left in (0, 8):
            assert tuple(grid[top + 5, left + 4]) == PREDICTED_COLOR


def test_a_missing_prediction_is_an_error(tmp_path):
    with pytest.raises(ValueError, match='a predicts 0 of 1 images'):
        draw_overlays(
            [np.zeros((4, 4, 3), np.uint8)],
            [(np.zeros((1, 2)), np.ones(1))],
            dict(a=[]),
            [],
            str(tmp_path / 'x.png'),
        )
