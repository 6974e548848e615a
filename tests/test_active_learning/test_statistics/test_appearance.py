"""What an image looks like, worked out by hand."""

import numpy as np
import pytest
import torch

from mmpose_al.active_learning.statistics import Appearance
from mmpose_al.active_learning.statistics.appearance import colours_and_edges
from mmpose_al.active_learning.statistics.batch import Batch, Networks
from tests.helpers import images
from tests.test_active_learning.test_statistics.batches import make_batch, make_samples, plain


def test_features_of_the_network_before_any_training():
    model, start = plain(channels=5), plain(channels=5)
    for parameter in model.parameters():
        parameter.data += 1
    batch = Batch(Networks(model, start=start), images(3), make_samples(), 'frames')
    with torch.no_grad():
        expected = start.backbone(batch.inputs)[-1].mean((2, 3))
        assert torch.equal(Appearance().compute(batch), expected)


def test_without_one_colours_and_edges():
    batch = make_batch()
    found = Appearance().compute(batch)
    assert torch.equal(found, colours_and_edges(batch.inputs)) and found.shape == (3, 320)


def test_colours_by_hand():
    """The mean of each of 8 x 8 parts; two images as far apart as their pixels differ."""
    image = torch.arange(3 * 16 * 24, dtype=torch.float32).reshape(1, 3, 16, 24)
    small = colours_and_edges(image)[0, :192].reshape(3, 8, 8) * 192**0.5
    assert small[1, 2, 3].item() == pytest.approx(image[0, 1, 4:6, 9:12].mean().item())
    gap = colours_and_edges(image)[:, :192] - colours_and_edges(image + 2.5)[:, :192]
    assert gap.norm().item() == pytest.approx(2.5, rel=1e-4)


@pytest.mark.parametrize('angle, place', [(0, 0), (30, 1), (100, 4), (170, 7), (210, 1)])
def test_edges_by_hand(angle, place):
    """A ramp of brightness that rises towards an angle: all of it in one of 8 directions."""
    y, x = np.mgrid[:32, :32].astype(np.float32)
    ramp = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    image = torch.from_numpy(ramp).expand(1, 3, 32, 32)
    edges = colours_and_edges(10 * image)[0, 192:].reshape(8, 4, 4)
    inner = edges[:, 1:3, 1:3].sum((1, 2))  # away from the borders
    assert inner.argmax() == place and inner[place] == pytest.approx(inner.sum().item())
    assert edges.norm().item() == pytest.approx(1, abs=1e-4)


def test_faint_edges_weigh_little():
    """A slope of s a pixel has s in each cell but at the borders, where it is half of it."""
    row = torch.arange(4.0) * 0.01
    edges = colours_and_edges(row.expand(1, 3, 4, 4))[0, 192:].reshape(8, 4, 4)
    assert edges[0, 0].tolist() == pytest.approx([0.04767, 0.09535, 0.09535, 0.04767], abs=1e-4)
    length = (4 * (2 * 0.005**2 + 2 * 0.01**2) + 0.1**2) ** 0.5  # 0.1049
    assert edges[0, 0, 1].item() == pytest.approx(0.01 / length)


def test_an_image_of_one_colour_has_no_edges():
    assert not colours_and_edges(torch.ones(2, 3, 16, 16))[:, 192:].any()
