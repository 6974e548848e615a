"""Joints of several views together: places and uncertainty by hand."""

import math

import numpy as np
import pytest
import torch

from mmpose_al.geometry.heatmaps import gaussians
from mmpose_al.models.semi.pseudo_heatmaps import uncertainty
from mmpose_al.models.semi.pseudo_keypoints import aggregate_keypoints, keypoint_uncertainty

PLACES = torch.tensor([[[[0.0, 0.0], [4.0, 2.0]]], [[[10.0, 0.0], [6.0, 2.0]]]])  # V=2, B=1, K=2
SURE = torch.tensor([[[0.9, 0.2]], [[0.3, 0.6]]])


def test_the_surest_view_or_the_weighted_mean():
    places, sure = aggregate_keypoints(PLACES, SURE, 'max')
    assert places[0].tolist() == [[0, 0], [6, 2]] and torch.equal(sure[0], SURE.amax(0)[0])
    places, sure = aggregate_keypoints(PLACES, SURE, 'avg')
    assert places[0].flatten().tolist() == pytest.approx([3 / 1.2, 0, (0.8 + 3.6) / 0.8, 2])
    assert sure[0].tolist() == pytest.approx([0.6, 0.4])
    nowhere, none = aggregate_keypoints(PLACES, torch.zeros(2, 1, 2), 'avg')
    assert nowhere.isfinite().all() and (none == 0).all()


def test_uncertainty_by_hand():
    everywhere = torch.ones(2, 2, 1, 2, dtype=torch.bool)
    # Joint 0: at (0, 0) 0.9 and 0.3 exp(-100 / 8), at (10, 0) the other way round.
    # Joint 1: at (4, 2) 0.2 and 0.6 exp(-4 / 8), at (6, 2) 0.2 exp(-1 / 2) and 0.6.
    far, near = math.exp(-12.5), math.exp(-0.5)
    expected = [(0.9 - 0.3 * far) / 2, max(abs(0.2 - 0.6 * near), 0.6 - 0.2 * near) / 2]
    assert keypoint_uncertainty(PLACES, SURE, everywhere, 2.0)[0].tolist() == pytest.approx(
        expected
    )
    # Two sure views far apart are 0.5; on one place they agree.
    ones = torch.ones(2, 1, 2)
    assert keypoint_uncertainty(PLACES * 9, ones, everywhere, 2.0)[0].tolist() == [0.5, 0.5]
    same = PLACES[:1].expand(2, 1, 2, 2)
    assert keypoint_uncertainty(same, ones, everywhere, 2.0)[0].tolist() == [0, 0]
    # The other view did not see the place of view 0; of view 1's place, 0.3 and 0.9 far off.
    blind = everywhere.clone()
    blind[1, 0] = False
    found = keypoint_uncertainty(PLACES, SURE, blind, 2.0)
    assert float(found[0, 0]) == pytest.approx((0.3 - 0.9 * far) / 2)
    # A view without a place says that the joint is nowhere, and nothing is asked of its place.
    lost = SURE * torch.tensor([[[1.0, 1.0]], [[0.0, 1.0]]])
    assert float(keypoint_uncertainty(PLACES, lost, everywhere, 2.0)[0, 0]) == pytest.approx(0.45)
    assert (keypoint_uncertainty(PLACES, SURE * 0, everywhere, 2.0) == 0).all()


def test_uncertainty_is_eq6_of_the_gaussians_that_labels_would_be():
    """Against Yu24's uncertainty on drawn heatmaps, for places on pixels."""
    random = np.random.RandomState(3)
    places = torch.from_numpy(random.randint(4, 28, (3, 2, 4, 2))).float()
    places[1:] = places[:1] + torch.from_numpy(random.randint(-3, 4, (2, 2, 4, 2)))
    sure = torch.from_numpy(random.uniform(0.3, 1, (3, 2, 4))).float()
    drawn = torch.stack([gaussians(each, (32, 32), 2.0) for each in places])
    expected = uncertainty(drawn * sure[..., None, None], torch.ones(3, 2, 1, 32, 32))
    found = keypoint_uncertainty(places, sure, torch.ones(3, 3, 2, 4, dtype=torch.bool), 2.0)
    assert (found <= expected + 1e-4).all()  # all pixels are more than the views' places
    assert (expected - found).max() < 0.1 and float((found / expected).mean()) > 0.9
