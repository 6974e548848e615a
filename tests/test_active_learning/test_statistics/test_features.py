"""Features are the mean over the pixels of the last maps."""

import numpy as np
import torch

from mmpose_al.active_learning.statistics import Features
from tests.test_active_learning.test_statistics.batches import make_batch, plain


def test_by_hand():
    batch = make_batch(plain(channels=5))
    maps = torch.rand(3, 5, 12, 8)
    for given in (maps, (torch.zeros(3, 2, 24, 16), maps), [[torch.zeros(3, 2, 24, 16)], [maps]]):
        batch.__dict__['feature_maps'] = given
        found = Features().compute(batch)
        np.testing.assert_allclose(found, maps.numpy().mean((2, 3)), rtol=1e-6)


def test_of_the_first_network():
    batch = make_batch(plain(channels=5))
    with torch.no_grad():
        expected = batch.networks.first.backbone(batch.inputs)[-1].mean((2, 3))
        assert torch.equal(Features().compute(batch), expected)


def test_a_neck_that_has_pooled_them():
    batch = make_batch(plain(channels=5))
    pooled = torch.rand(3, 5)
    batch.__dict__['feature_maps'] = (pooled,)
    assert torch.equal(Features().compute(batch), pooled)
