"""Intrinsics that can be those of a camera and its images, and others."""

import numpy as np
import pytest

from mmpose_al.geometry.intrinsics import focal_fault, principal_fault

HD = (1920, 1080)


def K(fx, fy, cx, cy, skew=0.0):
    return np.array([[fx, skew, cx], [0, fy, cy], [0, 0, 1.0]])


@pytest.mark.parametrize(
    'matrix, size',
    [
        (K(1145, 1143.8, 512.5, 515.4), (1000, 1002)),  # Human3.6M
        (K(1270, 1270, 167, 256), (334, 512)),  # InterHand2.6M
        (K(900, 900, 960, 540), HD),  # an action camera
        (K(40000, 40000, 900, 500), HD),  # a long lens
        (K(1500, 750, 960, 270), (1920, 540)),  # every other line
        (K(1500, 1500, -300, 500), HD),  # a crop
        (K(1500, 1500, 60, 1000), HD),
    ],
)
def test_cameras_that_exist(matrix, size):
    assert focal_fault(matrix, size) is None and principal_fault(matrix, size) is None


@pytest.mark.parametrize(
    'matrix, problem',
    [
        (K(0.94, 1.67, 0.5, 0.5), 'longer side'),  # in images
        (K(9, 9, 960, 540), 'longer side'),  # in millimetres
        (K(64 * 4000, 64 * 4000, 960, 540), 'longer side'),
        (K(-1500, 1500, 960, 540), 'not positive'),
        (K(1500, 0, 960, 540), 'not positive'),
        (K(1500, 500, 960, 540), '3 times as long'),
        (K(1500, 1500, 960, 540, 960), 'skew of 960'),
    ],
)
def test_focal_lengths_that_cannot_be(matrix, problem):
    assert problem in focal_fault(matrix, HD)


@pytest.mark.parametrize(
    'cx, cy, problem',
    [
        (32 * 1920, 32 * 1080, 'far outside'),
        (960, 1700, 'far outside'),
        (-1000, 540, 'far outside'),
        (0, 0, 'at a corner'),  # counts from the centre
        (1919.5, 1079.5, 'at a corner'),  # of images of twice the size
        (12, 1070, 'at a corner'),
    ],
)
def test_principal_points_that_cannot_be(cx, cy, problem):
    assert problem in principal_fault(K(1500, 1500, cx, cy), HD)
