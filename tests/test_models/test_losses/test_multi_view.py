"""Multi-view consistency and limb length (Iqbal20, Eq. 8, 10, 11)."""

import pytest
import torch

from mmpose_al.models.losses import HandednessLoss, LimbLengthLoss, MultiViewConsistencyLoss


def rotation(seed):
    generator = torch.Generator().manual_seed(seed)
    Q, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))
    return Q * torch.sign(torch.linalg.det(Q))


def views(num_groups=2, num_views=4, joints=6):
    """One pose seen by several cameras: equal up to rigid maps."""
    generator = torch.Generator().manual_seed(0)
    world = torch.randn(num_groups, 1, joints, 3, generator=generator, dtype=torch.float64)
    R = torch.stack([rotation(i) for i in range(num_groups * num_views)]).view(
        num_groups, num_views, 3, 3
    )
    t = torch.randn(num_groups, num_views, 1, 3, generator=generator, dtype=torch.float64)
    return world @ R.transpose(-1, -2) + t, R


def everything(points):
    return (
        torch.ones(points.shape[:-1], dtype=points.dtype),
        torch.ones(points.shape[:-2], dtype=torch.bool),
    )


def test_rigidly_equal_poses_cost_nothing():
    points, R = views()
    confidence, valid = everything(points)
    for rotations in (None, R):
        loss = MultiViewConsistencyLoss()(points, confidence, valid, rotations)
        assert float(loss) == pytest.approx(0, abs=1e-9)


def test_a_mirrored_pose_is_not_aligned_away():
    points, _ = views()
    confidence, valid = everything(points)
    points = points.clone()
    points[:, 1, :, 2] *= -1
    assert float(MultiViewConsistencyLoss()(points, confidence, valid)) > 0.5


def test_scale_is_not_aligned_away():
    points, _ = views()
    confidence, valid = everything(points)
    points = points.clone()
    points[:, 1] *= 1.5
    assert float(MultiViewConsistencyLoss()(points, confidence, valid)) > 0.5


def test_eq8_against_a_slow_version():
    torch.manual_seed(1)
    points, _ = views(num_groups=1, num_views=3)
    points = points + 0.1 * torch.randn_like(points)
    confidence = torch.rand(1, 3, 6, dtype=torch.float64)
    valid = torch.ones(1, 3, dtype=torch.bool)
    total = 0.0
    for c in range(3):
        for d in range(3):
            if c == d:
                continue
            w = confidence[0, c] * confidence[0, d]
            share = (w / w.sum())[:, None]
            a, b = points[0, c], points[0, d]
            a0, b0 = a - (share * a).sum(0), b - (share * b).sum(0)
            U, _, Vh = torch.linalg.svd((share * a0).T @ b0)
            D = torch.diag(torch.tensor([1, 1, torch.sign(torch.det(U @ Vh))], dtype=torch.float64))
            R = U @ D @ Vh
            total += (w * (a0 - b0 @ R.T).abs().sum(1)).sum()
    loss = MultiViewConsistencyLoss(loss_weight=2.0)(points, confidence, valid)
    assert float(loss) == pytest.approx(2 * float(total) / (6 * 6), rel=1e-9)


def test_known_rotation_by_hand():
    """Two views, identity rotations, one joint off by 0.6: means are aligned."""
    points = torch.zeros(1, 2, 3, 3, dtype=torch.float64)
    points[0, :, :, 2] = torch.tensor([1.0, 2, 3])
    points[0, 1, 0, 0] = 0.6
    confidence, valid = everything(points)
    eye = torch.eye(3, dtype=torch.float64).expand(1, 2, 3, 3)
    loss = MultiViewConsistencyLoss(loss_weight=1.0)(points, confidence, valid, eye)
    # after the shift by 0.2: 0.4 + 0.2 + 0.2 in x, both ways, over 2 pairs x 3 joints
    assert float(loss) == pytest.approx(2 * 0.8 / 6)
    confidence[0, 0, 0] = 0  # the joint that is off does not count
    assert float(MultiViewConsistencyLoss()(points, confidence, valid, eye)) == pytest.approx(
        0, abs=1e-12
    )


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_equal_poses_cost_nothing_under_autocast(dtype):
    points, rotations = (value.float() for value in views())
    with torch.autocast('cpu', dtype):
        for given in (None, rotations):
            loss = MultiViewConsistencyLoss(loss_weight=1.0)(points, *everything(points), given)
            assert float(loss) < 1e-4


def test_euclidean_distance_by_hand():
    """Two views, identity rotations, one joint off by 0.6: the median is aligned."""
    points = torch.zeros(1, 2, 3, 3, dtype=torch.float64)
    points[0, :, :, 2] = torch.tensor([1.0, 2, 3])
    points[0, 1, 0, 0] = 0.6
    eye = torch.eye(3, dtype=torch.float64).expand(1, 2, 3, 3)
    loss = MultiViewConsistencyLoss(loss_weight=1.0, distance='euclidean')
    # least of |0.6 - t| - 0.005 + 2 t^2 / 0.02: t = 0.005, 0.59 + 0.0025 over 3 joints
    assert float(loss(points, *everything(points), eye)) == pytest.approx(0.5925 / 3, rel=5e-3)
    with pytest.raises(ValueError, match="'l1' or 'euclidean'; got 'l2'"):
        MultiViewConsistencyLoss(distance='l2')


def test_the_constant_alignment_leaves_the_gradient_of_euclidean_distances():
    """Moving or turning a view changes no loss, so no gradient should ask for it.

    With absolute coordinates it does: Procrustes minimises something else.
    """
    points, _ = views(num_groups=5)
    generator = torch.Generator().manual_seed(1)
    points = points + 0.2 * torch.randn(points.shape, generator=generator, dtype=torch.float64)
    points.requires_grad_()
    moved, turned = {}, {}
    for distance in ('l1', 'euclidean'):
        loss = MultiViewConsistencyLoss(loss_weight=1.0, distance=distance)
        (grad,) = torch.autograd.grad(loss(points, *everything(points)), points)
        size = grad.norm(dim=-1).sum()
        moved[distance] = float(grad.sum(-2).norm(dim=-1).sum() / size)
        centred = points.detach() - points.detach().mean(-2, keepdim=True)
        torque = torch.cross(centred, grad, dim=-1).sum(-2).norm(dim=-1).sum()
        turned[distance] = float(torque / (size * centred.norm(dim=-1).mean()))
    assert moved['euclidean'] < 0.05 and turned['euclidean'] < 0.05
    assert moved['l1'] > 0.1 and turned['l1'] > 0.1


def test_apparent_size_by_hand():
    points = torch.zeros(1, 2, 3, 3, dtype=torch.float64)
    points[0, :, :, 2] = torch.tensor([1.0, 2, 3])
    points[0, 1, 0, 0] = 0.6
    confidence, valid = everything(points)
    eye = torch.eye(3, dtype=torch.float64).expand(1, 2, 3, 3)
    size = torch.tensor([[0.5, 0.8]], dtype=torch.float64)
    loss = MultiViewConsistencyLoss(loss_weight=1.0, apparent_size=True)
    # as above 0.8 a pair of views: seen by the first, then by the second
    assert float(loss(points, confidence, valid, eye, size)) == pytest.approx(
        (0.8 / 0.5 + 0.8 / 0.8) / 6
    )
    with pytest.raises(ValueError, match='size'):
        loss(points, confidence, valid, eye)


def test_apparent_size_leaves_nothing_to_gain_from_smaller_poses():
    torch.manual_seed(3)
    points, _ = views()
    points = points + 0.1 * torch.randn_like(points)
    confidence, valid = everything(points)
    size = torch.rand(2, 4, dtype=torch.float64) + 0.5
    for apparent, share in ((False, 0.5), (True, 1.0)):
        loss = MultiViewConsistencyLoss(apparent_size=apparent)
        whole = loss(points, confidence, valid, size=size)
        smaller = loss(0.5 * points, confidence, valid, size=0.5 * size)
        assert float(smaller) == pytest.approx(share * float(whole), rel=1e-9)


def test_invalid_views_take_no_part():
    points, _ = views()
    confidence, valid = everything(points)
    broken = points.clone()
    broken[:, 2] = 17.0
    valid[:, 2] = False
    assert float(MultiViewConsistencyLoss()(broken, confidence, valid)) == pytest.approx(
        0, abs=1e-9
    )
    valid[:] = False
    broken.requires_grad_()
    loss = MultiViewConsistencyLoss()(broken, confidence, valid)
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(broken.grad).all()


def test_gradient_with_the_alignment_held_fixed():
    torch.manual_seed(2)
    points, _ = views(num_groups=1, num_views=2)
    points = (points + 0.1 * torch.randn_like(points)).requires_grad_()
    confidence, valid = everything(points)
    confidence = (confidence * 0.7).requires_grad_()
    MultiViewConsistencyLoss()(points, confidence, valid).backward()
    assert confidence.grad is None  # a constant by default
    assert points.grad.abs().sum() > 0
    from mmpose_al.geometry.alignment import apply_similarity, procrustes

    with torch.no_grad():
        maps = [procrustes(points[0, 1 - c], points[0, c]) for c in (0, 1)]

    def fixed(p):
        return (
            sum((p[0, c] - apply_similarity(p[0, 1 - c], *maps[c])).abs().sum() for c in (0, 1))
            * 0.49
            * 10
            / 12
        )

    step = torch.zeros_like(points)
    step[0, 0, 3, 1] = 1e-6
    with torch.no_grad():
        slope = float((fixed(points + step) - fixed(points - step)) / 2e-6)
    assert float(points.grad[0, 0, 3, 1]) == pytest.approx(slope, rel=1e-4)


def test_limb_length_by_hand():
    points = torch.tensor([[[0.0, 0, 0], [0, 3, 4], [1, 0, 0]]])
    confidence = torch.tensor([[1.0, 0.5, 0.2]])
    loss = LimbLengthLoss([(0, 1), (0, 2)], [4.0, 1.5], loss_weight=10.0)
    # 0.5 * 1^2 and 0.2 * 0.5^2 over two limbs
    assert float(loss(points, confidence, torch.tensor([True]))) == pytest.approx(
        10 * (0.5 + 0.05) / 2
    )
    assert float(loss(points, confidence, torch.tensor([False]))) == 0
    for bad in (([], []), ([(0, 1)], [1.0, 2.0]), ([(0, 1)], [0.0])):
        with pytest.raises(ValueError, match='mean lengths'):
            LimbLengthLoss(*bad)


def test_handedness_by_hand():
    """Volumes 24 and -24 under a margin of 30: missing 6 and 54."""
    points = torch.tensor([[[0.0, 0, 0], [2, 0, 0], [0, 3, 0], [0, 0, 4]]])
    points = torch.cat([points, points * torch.tensor([1.0, 1, -1])])
    loss = HandednessLoss([[(1, 0), (2, 0), (3, 0)]], margin=30.0, loss_weight=2.0)
    confidence = torch.tensor([[1.0, 1, 0.5, 1], [1, 1, 1, 0.25]])
    both = torch.tensor([True, True])
    # the lowest confidence of its joints: 0.5 and 0.25
    assert float(loss(points, confidence, both)) == pytest.approx(2 * (0.5 * 6 + 0.25 * 54) / 2)
    assert float(loss(points, confidence, ~both)) == 0
    right = HandednessLoss([[(1, 0), (2, 0), (3, 0)]], margin=0.05)
    assert float(right(points[:1], confidence[:1], both[:1])) == 0
    for bad in ([], [[(1, 0), (2, 0)]], [[(1, 0), (2, 0), (3,)]]):
        with pytest.raises(ValueError, match='three vectors'):
            HandednessLoss(bad)
