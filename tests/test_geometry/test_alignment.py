import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_al.geometry.alignment import (
    align_distances,
    apply_similarity,
    best_scale,
    disagreement,
    huber,
    procrustes,
)


def rotation(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return torch.from_numpy(q * np.sign(np.linalg.det(q)))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    num=st.integers(3, 20),
    factor=st.floats(1e-3, 1e3),
    scaled=st.booleans(),
)
def test_recovers_the_map(seed, num, factor, scaled):
    rng = np.random.default_rng(seed)
    source = torch.from_numpy(rng.normal(size=(num, 3)))
    R, t = rotation(seed), torch.from_numpy(rng.normal(size=3)) * 10
    s = torch.tensor(factor if scaled else 1.0).double()
    target = apply_similarity(source, R, t, s)
    R1, t1, s1 = procrustes(source, target, scale=scaled)
    torch.testing.assert_close(R1, R, atol=1e-6, rtol=0)
    torch.testing.assert_close(s1, s)
    torch.testing.assert_close(t1, t, atol=1e-6 * max(factor, 1), rtol=1e-6)


def test_never_a_mirror():
    rng = np.random.default_rng(0)
    source = torch.from_numpy(rng.normal(size=(5, 12, 3)))
    target = source * torch.tensor([1.0, 1, -1]).double()
    R, t, s = procrustes(source, target, scale=True)
    torch.testing.assert_close(torch.linalg.det(R), torch.ones(5).double())
    assert ((apply_similarity(source, R, t, s) - target).norm(dim=-1) > 1e-3).any()
    assert (s > 0).all()


def test_minimises_the_weighted_squares():
    """Against small changes of the answer, in every direction."""
    rng = np.random.default_rng(1)
    source, target = (torch.from_numpy(rng.normal(size=(9, 3))) for _ in range(2))
    w = torch.from_numpy(rng.uniform(0, 2, 9))
    R, t, s = procrustes(source, target, w, scale=True)

    def cost(R, t, s):
        delta = apply_similarity(source, R, t, s) - target
        return (w * (delta * delta).sum(-1)).sum()

    least = cost(R, t, s)
    for step in (1e-3, -1e-3):
        assert cost(R, t, s + step) > least
        for i in range(3):
            assert cost(R, t + step * torch.eye(3).double()[i], s) > least
            a = torch.zeros(3, 3).double()
            a[i, (i + 1) % 3], a[(i + 1) % 3, i] = step, -step
            assert cost(torch.matrix_exp(a) @ R, t, s) > least


def test_missing_points_take_no_part():
    rng = np.random.default_rng(2)
    source = torch.from_numpy(rng.normal(size=(6, 3)))
    R, t = rotation(3), torch.tensor([1.0, 2, 3]).double()
    target = apply_similarity(source, R, t, torch.tensor(1.0).double())
    target[0] = float('nan')
    source[1] = float('inf')
    target[2] += 100
    target[3] += 100
    w = torch.tensor([1.0, 1, 0, math.nan, 1, 1]).double()
    source = torch.cat([source, torch.tensor([[1.0, 0, 0]]).double()])
    target = torch.cat([target, R[None, :, 0] + t])
    w = torch.cat([w, w.new_ones(1)])
    R1, t1, s1 = procrustes(source, target, w)
    torch.testing.assert_close(R1, R)
    torch.testing.assert_close(t1, t)
    assert s1 == 1


@pytest.mark.parametrize('scale', [False, True])
def test_degenerate_sets_have_an_answer(scale):
    one = torch.ones(1, 3)
    R, t, s = procrustes(one, 3 * one, scale=scale)  # one point: a shift
    torch.testing.assert_close(torch.linalg.det(R), torch.tensor(1.0))
    assert s == 1
    torch.testing.assert_close(apply_similarity(one, R, t, s), 3 * one)
    R, t, s = procrustes(one, one, torch.zeros(1), scale)  # none: the identity
    assert R.tolist() == torch.eye(3).tolist() and t.tolist() == [0] * 3 and s == 1
    line = torch.arange(4.0)[:, None] * torch.tensor([1.0, 0, 0])
    R, t, s = procrustes(line, line[:, [1, 0, 2]], scale=scale)
    torch.testing.assert_close(torch.linalg.det(R), torch.tensor(1.0))
    torch.testing.assert_close(
        apply_similarity(line, R, t, s), line[:, [1, 0, 2]], atol=1e-5, rtol=0
    )


def test_best_scale_by_hand():
    source = torch.tensor([[[1.0, 0, 0], [0, 2, 0]], [[0, 0, 0], [0, 0, 0]]])
    target = torch.tensor([[[3.0, 5, 0], [0, 4, 0]], [[1, 1, 1], [1, 1, 1]]])
    # (3 + 8) / (1 + 4); a pose without extent has no scale.
    torch.testing.assert_close(best_scale(source, target), torch.tensor([2.2, 1.0]))
    w = torch.tensor([1.0, 0])
    torch.testing.assert_close(best_scale(source, target, w), torch.tensor([3.0, 1.0]))


def test_gradient_and_shape_errors():
    rng = np.random.default_rng(5)
    a = [torch.from_numpy(rng.normal(size=(2, 5, 3))).requires_grad_() for _ in range(2)]
    assert torch.autograd.gradcheck(lambda x, y: procrustes(x, y, scale=True), a)
    with pytest.raises(ValueError, match=r'\(\.\.\., N, 3\)'):
        procrustes(torch.zeros(4, 2), torch.zeros(4, 2))


def test_huber_by_hand():
    vectors = torch.tensor([[3.0, 4], [0, 0], [0.06, 0.08]], requires_grad=True)
    found = huber(vectors, delta=0.2)
    # 5 - 0.1; 0; 0.1^2 / 0.4
    assert found.tolist() == pytest.approx([4.9, 0, 0.025])
    found.sum().backward()
    assert vectors.grad.tolist() == [pytest.approx([0.6, 0.8]), [0, 0], pytest.approx([0.3, 0.4])]


def test_translation_of_a_known_rotation_by_hand():
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # x to y
    source = torch.tensor([[1.0, 0, 0], [0, 1, 0], [float('nan'), 0, 0]])
    target = torch.tensor([[5.0, 1, 0], [0, 0, 3], [0, 0, 0]])
    # turned: (0, 1, 0), (-1, 0, 0); differences (5, 0, 0), (1, 0, 3), weights 3 and 1
    R, t, s = procrustes(source, target, torch.tensor([3.0, 1, 1]), rotation=quarter)
    assert R is quarter and s == 1 and t.tolist() == pytest.approx([4, 0, 0.75])
    with pytest.raises(ValueError, match='known rotation'):
        procrustes(source, target, rotation=quarter, scale=True)


def test_distances_are_robust_where_squares_are_not():
    rng = np.random.default_rng(2)
    source = torch.from_numpy(rng.normal(size=(12, 3)))
    R, t = rotation(2), torch.tensor([1.0, 2, 3]).double()
    target = apply_similarity(source, R, t, torch.tensor(1.0).double())
    target[0] += 3.0
    near, shift = align_distances(source, target, steps=30)
    squares = procrustes(source, target)[0]
    assert (near - R).abs().max() < 5e-3 and (shift - t).abs().max() < 5e-3
    assert (squares - R).abs().max() > 0.05
    given, shift = align_distances(source, target, rotation=R, steps=30)
    assert given is R and (shift - t).abs().max() < 5e-3


def test_minimises_the_weighted_distances():
    rng = np.random.default_rng(3)
    source, target = (torch.from_numpy(rng.normal(size=(9, 3))) for _ in range(2))
    w = torch.from_numpy(rng.uniform(0, 2, 9))
    R, t = align_distances(source, target, w, steps=300)

    def cost(R, t):
        moved = apply_similarity(source, R, t, torch.ones(()).double())
        return (w * huber(moved - target)).sum()

    least = cost(R, t)
    for step in (1e-3, -1e-3):
        for i in range(3):
            assert cost(R, t + step * torch.eye(3).double()[i]) > least
            a = torch.zeros(3, 3).double()
            a[i, (i + 1) % 3], a[(i + 1) % 3, i] = step, -step
            assert cost(torch.matrix_exp(a) @ R, t) > least
    few = cost(*align_distances(source, target, w))
    assert least <= few < cost(*procrustes(source, target, w)[:2])


def test_nothing_to_align_is_the_identity():
    points = torch.full((2, 4, 3), float('nan'))
    R, t = align_distances(points, points)
    assert (torch.eye(3) == R).all() and not t.any()


def test_moved_poses_agree_and_mirrored_ones_do_not():
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)
    poses = torch.stack([pose, pose @ turn.T + 5, pose - 3])
    assert float(disagreement(poses)) == pytest.approx(0, abs=1e-9)
    mirrored = poses.clone()
    mirrored[1, :, 2] *= -1
    assert float(disagreement(mirrored)) > 0.1


def test_by_hand():
    """Two collinear points 2 and 4 apart: each end is off by 1.
    Scale is not aligned."""
    poses = torch.zeros(1, 3, 2, 3)
    poses[0, 0, 1, 0], poses[0, 1, 1, 1] = 2, 4
    poses[0, 2] = float('nan')  # takes no part
    assert disagreement(poses).tolist() == pytest.approx([1.0])
    poses[0, 1] = float('nan')
    assert math.isnan(disagreement(poses))
