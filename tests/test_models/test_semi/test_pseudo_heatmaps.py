"""Eq. 4, 6, 7 of Yu24 and threshold-and-refine, on numbers worked out by hand."""

import numpy as np
import pytest
import torch

from mmpose_al.models.semi.pseudo_heatmaps import (
    aggregate,
    threshold_and_refine,
    trusts_itself,
    uncertainty,
)

# Two views of one image, one joint, 1 x 3 pixels; the second did not see the last.
MAPS = torch.tensor([[0.2, 0.8, 0.5], [0.6, 0.4, 9.0]]).reshape(2, 1, 1, 1, 3)
SEEN = torch.tensor([[1.0, 1, 1], [1, 1, 0]]).reshape(2, 1, 1, 1, 3)


def test_eq4_max_and_average_over_the_views_that_saw_a_pixel():
    assert aggregate(MAPS, SEEN, 'max').flatten().tolist() == pytest.approx([0.6, 0.8, 0.5])
    assert aggregate(MAPS, SEEN, 'avg').flatten().tolist() == pytest.approx([0.4, 0.6, 0.5])
    nobody = torch.zeros_like(SEEN)
    assert aggregate(MAPS, nobody, 'max').abs().max() == 0
    assert aggregate(MAPS, nobody, 'avg').abs().max() == 0
    assert aggregate(-MAPS, SEEN, 'max').flatten().tolist() == pytest.approx([-0.2, -0.4, -0.5])


def test_eq6_largest_standard_deviation():
    # pixel 0: mean 0.4, deviations 0.2 -> 0.2; pixel 1 the same; pixel 2: one view, 0
    assert float(uncertainty(MAPS, SEEN)) == pytest.approx(0.2)
    # three views 0, 0, 0.3 at one pixel: variance 0.02
    three = torch.tensor([0.0, 0, 0.3]).reshape(3, 1, 1, 1, 1)
    assert float(uncertainty(three, torch.ones_like(three))) == pytest.approx(0.02**0.5)
    assert uncertainty(MAPS.expand(2, 1, 4, 1, 3), SEEN).shape == (1, 4)


def test_eq7_own_only_if_surer_by_the_margin():
    own = torch.tensor([[0.10, 0.10, 0.10, 0.30]])
    other = torch.tensor([[0.16, 0.14, 0.05, 0.10]])
    assert trusts_itself(own, other, 0.05).tolist() == [[True, False, False, False]]
    assert trusts_itself(own, other, 0.0).tolist() == [[True, True, False, False]]


def test_threshold_and_refine_by_hand():
    maps = torch.zeros(1, 3, 5, 7)
    maps[0, 0, 1, 4] = 0.3
    maps[0, 1, 2, 2] = 0.1  # not above
    maps[0, 2, 4, 6] = 0.9
    refined, confident = threshold_and_refine(maps, 0.1, sigma=1.0)
    assert confident.tolist() == [[True, False, True]]
    assert float(refined[0, 0, 1, 4]) == 1
    assert float(refined[0, 0, 2, 6]) == pytest.approx(np.exp(-(1 + 4) / 2))
    assert torch.equal(refined[0, 1], maps[0, 1])
    raw, confident = threshold_and_refine(maps, 0.1, refine=False)
    assert torch.equal(raw, maps) and confident.tolist() == [[True, False, True]]
    # a maximum that nobody saw does not count
    seen = torch.ones(1, 1, 5, 7)
    seen[..., 4, 6] = 0
    assert not threshold_and_refine(maps, 0.1, seen=seen)[1][0, 2]
