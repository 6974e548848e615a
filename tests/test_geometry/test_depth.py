"""3D -> 2.5D -> 3D, limb scale (Iqbal20)."""

import math

import pytest
import torch

from mmpose_al.geometry import affine
from mmpose_al.geometry.cameras import transform_intrinsics
from mmpose_al.geometry.depth import (
    length_left,
    limb_lengths,
    rays,
    reconstruct,
    root_depth,
    scale_from_limbs,
    signed_volumes,
    to_2p5d,
)

PAIR, ROOT, JOINTS = (0, 1), 1, 7


def poses(num=50, seed=0):
    """Random poses in mm in front of cameras, neck and pelvis 400 to 600 apart."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(num, JOINTS, 3, generator=generator, dtype=torch.float64) * 300
    direction = torch.randn(num, 3, generator=generator, dtype=torch.float64)
    direction = direction / direction.norm(dim=1, keepdim=True)
    length = 400 + 200 * torch.rand(num, 1, generator=generator, dtype=torch.float64)
    points[:, 1] = 0
    points[:, 0] = direction * length
    place = torch.tensor([0.0, 0, 4000], dtype=torch.float64) + 500 * torch.randn(
        num, 3, generator=generator, dtype=torch.float64
    )
    return points + place[:, None]


def intrinsics(num=50, seed=1):
    generator = torch.Generator().manual_seed(seed)
    K = torch.zeros(num, 3, 3, dtype=torch.float64)
    K[:, 0, 0] = 800 + 400 * torch.rand(num, generator=generator)
    K[:, 1, 1] = K[:, 0, 0] * 1.05
    K[:, :2, 2] = 300 * torch.rand(num, 2, generator=generator, dtype=torch.float64)
    K[:, 2, 2] = 1
    return K


def reconstructable(points):
    """Poses whose pair is not seen nearly end on."""
    axis = points[:, 0] - points[:, 1]
    sight = points[:, :2].mean(1)
    cosine = (axis * sight).sum(1) / axis.norm(dim=1) / sight.norm(dim=1)
    return cosine.abs() < 0.99


@pytest.mark.parametrize('kind', ['plain', 'crop', 'distorted'])
def test_round_trip(kind):
    points, K, dist = poses(), intrinsics(), None
    if kind == 'crop':  # rotated, scaled, shifted; the principal point far off
        matrix = affine.similarity(
            torch.linspace(-40, 40, 50), torch.linspace(0.5, 2, 50), (256, 192)
        ).double()
        matrix[:, :, 2] += 100
        K = transform_intrinsics(K, matrix)
    if kind == 'distorted':
        dist = torch.tensor([-0.1, 0.02, 1e-3, -1e-3, 0.0], dtype=torch.float64)
    pixels, relative, scale = to_2p5d(points, K, PAIR, ROOT, dist)
    assert relative[:, ROOT].abs().max() == 0
    back = reconstruct(pixels, relative, K, PAIR, dist)
    keep = reconstructable(points)
    assert keep.sum() > 40
    assert back.valid[keep].all()
    error = (back.points * scale[:, None, None] - points).norm(dim=-1)
    assert (error / points.norm(dim=-1))[keep].max() < 1e-5


def test_root_depth_by_hand():
    """The pair upright at depth 4: rays 1/4 apart; z^r of the other joint is kept."""
    X = torch.tensor([[0.0, 0.25, 1], [0.0, 0.0, 1], [0.1, 0.1, 1]])
    relative = torch.tensor([0.0, 0.0, 0.5])
    depth, valid = root_depth(X, relative, (0, 1))
    assert bool(valid) and float(depth) == pytest.approx(4.0)
    K = torch.eye(3)
    points = reconstruct(X[:, :2], relative, K, (0, 1)).points
    assert points[2].tolist() == pytest.approx([0.45, 0.45, 4.5])
    assert float((points[0] - points[1]).norm()) == pytest.approx(1.0)


def test_what_has_no_depth_is_masked_and_finite():
    K = torch.eye(3, dtype=torch.float64)
    same = torch.tensor([[0.1, 0.1], [0.1, 0.1], [0.3, 0.2]], dtype=torch.float64)
    apart = torch.tensor([[0.1, 0.35], [0.1, 0.1], [0.3, 0.2]], dtype=torch.float64)
    flat = torch.zeros(3, dtype=torch.float64)
    # farther apart in depth than their distance of 1 allows: negative discriminant
    deep = torch.tensor([3.0, 0, 0], dtype=torch.float64)
    # both joints far in front of the root, beyond the camera
    behind = torch.tensor([-1e3, -1e3, 0], dtype=torch.float64)
    pixels = torch.stack([same, apart, apart, apart]).requires_grad_()
    relative = torch.stack([flat, deep, flat, behind]).requires_grad_()
    result = reconstruct(pixels, relative, K, (0, 1))
    assert result.valid.tolist() == [False, False, True, True]
    assert torch.isfinite(result.points).all()
    result.points.sum().backward()
    assert torch.isfinite(pixels.grad).all() and torch.isfinite(relative.grad).all()
    nan = reconstruct(torch.full((1, 3, 2), float('nan')), torch.zeros(1, 3), torch.eye(3), (0, 1))
    assert not nan.valid.any() and torch.isfinite(nan.points).all()


@pytest.mark.parametrize('lost', [2, 0], ids=['another joint', 'one of the pair'])
@pytest.mark.parametrize('far', [1.1, 4.0, 1e4])
def test_a_joint_beyond_the_fold_of_a_lens_has_no_gradient(lost, far):
    K, dist = torch.eye(3), torch.tensor([-0.3, 0, 0, 0])  # folds back at 0.70
    pixels = torch.tensor([[0.1, 0.35], [0.1, 0.1], [0.3, 0.2]]).repeat(2, 1, 1)
    pixels[1, lost] = far
    pixels.requires_grad_()
    relative = torch.tensor([0.1, 0, 0.2]).repeat(2, 1).requires_grad_()
    result = reconstruct(pixels, relative, K, (0, 1), dist)
    left = length_left(rays(pixels, K, dist), relative, (0, 1))
    assert result.valid.tolist() == [True, False]
    assert torch.isfinite(result.points).all() and torch.isfinite(left).all()
    # As the losses take part: those that are not valid with a weight of 0
    (result.points.sum((1, 2)) * result.valid + left * result.valid).sum().backward()
    for grad in (pixels.grad, relative.grad):
        assert torch.isfinite(grad).all() and grad[0].abs().sum() > 0
        assert not grad[1].any()
    if lost == 0:
        assert (
            left[1] == 1
            and not torch.autograd.grad(
                length_left(rays(pixels, K, dist), relative, (0, 1))[1], relative
            )[0].any()
        )


def test_rays_that_are_nearly_parallel_are_masked():
    # Sines of the angles between the pair's rays: 0.005 and 0.02
    pixels = torch.zeros(2, 3, 2)
    pixels[:, 0, 1] = torch.tensor([0.005, 0.02])
    result = reconstruct(pixels, torch.zeros(2, 3), torch.eye(3), (0, 1))
    assert result.valid.tolist() == [False, True]
    assert result.points[1, 0].tolist() == pytest.approx([0, 1, 50], rel=1e-4)


def test_gradient_against_finite_differences():
    points, K = poses(8), intrinsics(8)
    keep = reconstructable(points)
    pixels, relative, _ = to_2p5d(points[keep], K[keep], PAIR, ROOT)
    pixels, relative = pixels.requires_grad_(), relative.requires_grad_()
    torch.autograd.gradcheck(
        lambda p, r: reconstruct(p, r, K[keep], PAIR).points,
        (pixels, relative),
        eps=1e-6,
        atol=1e-5,
    )


def test_rays_of_a_skewed_camera():
    K = torch.tensor([[800.0, 30, 100], [-20, 700, 50], [0, 0, 1]], dtype=torch.float64)
    pixels = torch.tensor([[320.0, 240], [0, 0]], dtype=torch.float64)
    homogeneous = torch.cat([pixels, torch.ones(2, 1, dtype=torch.float64)], 1)
    expected = torch.linalg.solve(K, homogeneous.T).T
    assert torch.allclose(rays(pixels, K), expected)


def test_limbs_and_scale_by_hand():
    points = torch.tensor([[0.0, 0, 0], [0, 2, 0], [0, 2, 1], [0, 0, 0]])
    limbs = [(0, 1), (1, 2), (0, 3)]
    lengths = limb_lengths(points, limbs)
    assert lengths.tolist() == [2, 1, 0]
    # (2 * 10 + 1 * 4) / (4 + 1)
    assert float(scale_from_limbs(points, limbs, torch.tensor([10.0, 4, 7]))) == (
        pytest.approx(4.8)
    )
    weights = torch.tensor([0.0, 1, 1])
    assert float(
        scale_from_limbs(points, limbs, torch.tensor([10.0, 4, 7]), weights)
    ) == pytest.approx(4.0)
    assert math.isnan(scale_from_limbs(points, limbs, torch.ones(3), torch.zeros(3)))
    points.requires_grad_()
    limb_lengths(points, limbs).sum().backward()
    assert torch.isfinite(points.grad).all()


def test_length_left_by_hand():
    """The pair upright, rays 1/4 apart, one joint deeper by d:
    1 - d² (1 + y²) + along²."""
    X = torch.tensor([[0.0, 0.25, 1], [0.0, 0.0, 1]], dtype=torch.float64)
    for deeper in (0.0, 0.6, 1.5):
        relative = torch.tensor([deeper, 0.0], dtype=torch.float64)
        # offset (0, d/4, d), the rays' difference (0, 1/4, 0): along it d/4
        assert float(length_left(X, relative, (0, 1))) == pytest.approx(1 - deeper**2)
    relative = torch.tensor([1.5, 0.0], dtype=torch.float64, requires_grad=True)
    depth, valid = root_depth(X, relative, (0, 1))
    assert not bool(valid)
    length_left(X, relative, (0, 1)).backward()  # a masked pose still learns
    assert relative.grad.tolist() == pytest.approx([-3.0, 3.0])


def test_signed_volumes_by_hand():
    points = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 3, 0], [0, 0, 4], [0, 0, -4]])
    triples = [[(1, 0), (2, 0), (3, 0)], [(1, 0), (2, 0), ([3, 4], 0)], [(1, 0), (2, 0), (4, 0)]]
    assert signed_volumes(points, triples).tolist() == [24, 0, -24]
    mirrored = points * torch.tensor([1.0, 1, -1])
    assert signed_volumes(mirrored, triples).tolist() == [-24, 0, 24]
