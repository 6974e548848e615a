"""benchmarks/alignment_gradient.py: a gradient that is whole, and one that is not."""

import torch

from benchmarks import alignment_gradient
from mmpose_al.geometry.depth import reconstruct


def test_euclidean_distances_have_their_gradient_and_sums_of_coordinates_have_not():
    generator = torch.Generator().manual_seed(0)
    num_views, joints = 3, 6
    K = torch.tensor([[1000.0, 0, 320], [0, 1000, 240], [0, 0, 1]]).double()
    camera = (K.expand(num_views, 3, 3), (0, 1), torch.zeros(num_views, 14, dtype=torch.float64))
    pixels = torch.tensor([320.0, 240]) + 60 * torch.randn(
        num_views, joints, 2, generator=generator
    )
    pixels[:, 1] = pixels[:, 0] + torch.tensor([0.0, 150.0])  # the pair stands upright
    relative = 0.2 * torch.randn(num_views, joints, generator=generator)
    group = (
        pixels.double(),
        relative.double(),
        torch.ones(num_views, joints, dtype=torch.float64),
        camera,
    )
    assert reconstruct(pixels.double(), relative.double(), *camera).valid.all()
    assert min(alignment_gradient.compare('euclidean', *group)) > 0.95
    assert max(alignment_gradient.compare('l1', *group)) < 0.95
