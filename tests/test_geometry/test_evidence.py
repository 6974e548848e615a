"""Weights of views and grades of points, against a rig with one view that is off."""

import pytest
import torch

from mmpose_al.geometry.cameras import project
from mmpose_al.geometry.evidence import Grade, grades, view_weights
from mmpose_al.geometry.triangulation import Status, triangulate_robust


def rig(views=4):
    K = torch.tensor([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]).double().expand(views, 3, 3)
    R = torch.eye(3).double().expand(views, 3, 3)
    t = torch.tensor([[-1.0, 0, 5], [0, 1, 5], [1, 0, 5], [0, -1, 5]]).double()[:views]
    return K, R, t


def test_weights_are_powers_of_the_confidence():
    scores = torch.tensor([[0.5, 2.0, -1.0]])
    assert view_weights(scores, 'confidence2').tolist() == [[0.25, 4.0, 0.0]]
    assert view_weights(scores, 'confidence').tolist() == [[0.5, 2.0, 0.0]]
    assert view_weights(scores, None) is None and view_weights(None, 'confidence2') is None
    with pytest.raises(ValueError, match="'confidence2'.*got 'square'"):
        view_weights(scores, 'square')


def test_two_views_that_agree_are_graded_below_three():
    K, R, t = rig()
    pixels = project(torch.randn(3, 3).double(), K, R, t)[0].transpose(0, 1).contiguous()
    pixels[1, 2:] = float('nan')  # two views see it
    pixels[2, 1:] = float('nan')  # one does
    out = triangulate_robust(pixels, K, R, t)
    assert out.status.tolist() == [Status.OK, Status.OK, Status.TOO_FEW_VIEWS]
    expected = [Grade.OK, Grade.TWO_VIEWS, Grade.TOO_FEW_VIEWS]
    assert grades(out.status, out.inliers).tolist() == expected


def test_two_of_three_views_that_agree_are_only_two():
    K, R, t = rig(3)
    pixels = project(torch.zeros(1, 3).double(), K, R, t)[0].transpose(0, 1).contiguous()
    pixels[0, 2] += 60
    out = triangulate_robust(pixels, K, R, t)
    assert grades(out.status, out.inliers).tolist() == [Grade.TWO_VIEWS]
    assert out.status.tolist() == [Status.OK]


def test_numbers_of_grades_are_those_of_the_status():
    for status in Status:
        assert Grade[status.name] == status
