import json
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_al.geometry import triangulation
from mmpose_al.geometry.cameras import project, undistort
from mmpose_al.geometry.triangulation import (
    Status,
    camera_residuals,
    consistency_errors,
    multi_view_consistency,
    reprojection_errors,
    triangulate_dlt,
    triangulate_robust,
)
from tests import ROOT

DIST = [-0.2, 0.15, 0.001, -0.0007, -0.03]
NAN = float('nan')


def rig(num, seed=0, unit=1.0):
    """Cameras around a room, 3 to 6 m from its middle, float64; mm where unit is 1."""
    rng = np.random.default_rng(seed)
    cameras = []
    for i in range(num):
        angle = 2 * np.pi * (i + rng.uniform(-0.3, 0.3)) / (num + (num == 2))
        center = np.array([np.cos(angle), np.sin(angle), 0]) * rng.uniform(3000, 6000)
        center[2] = rng.uniform(500, 2500)
        z = np.array([0, 0, 1000]) + rng.normal(0, 200, 3) - center
        z /= np.linalg.norm(z)
        x = np.cross(z, [0, 0, 1])
        x /= np.linalg.norm(x)
        R = np.stack([x, np.cross(z, x), z])
        f = rng.uniform(900, 1800)
        K = np.array([[f, 0, 960 + rng.normal(0, 20)], [0, 1.01 * f, 540], [0, 0, 1]])
        dist = np.array(DIST) * rng.uniform(0.5, 1.2)
        cameras.append((K, R, -R @ center * unit, dist))
    return [torch.from_numpy(np.stack(x)) for x in zip(*cameras)]


def people(num, seed=0, unit=1.0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy((rng.normal(0, 400, (num, 3)) + [0, 0, 1000]) * unit)


def observe(X, K, R, t, dist=None, noise=0.0, seed=0):
    """Pixels (N, V, 2)."""
    pixels, depth = project(X, K, R, t, dist)
    assert (depth > 0).all()
    rng = np.random.default_rng(seed)
    return pixels.transpose(0, 1) + torch.from_numpy(rng.normal(0, 1, (len(X), len(K), 2))) * noise


def ideal_pixels(pixels, K, dist):
    return undistort(pixels.transpose(0, 1), K, dist).transpose(0, 1)


# ------------------------------------------------------------------- random rigs


@pytest.mark.parametrize('unit', [1.0, 1e-3])
@pytest.mark.parametrize('num', [2, 3, 4, 5, 8, 11, 16, 31])
def test_exact_without_noise(num, unit):
    K, R, t, dist = rig(num, num, unit)
    X = people(200, num, unit)
    pixels = observe(X, K, R, t, dist)
    out = triangulate_robust(pixels, K, R, t, dist)
    assert (out.status == Status.OK).all() and out.inliers.all()
    assert ((out.points - X).norm(dim=-1) / X.norm(dim=-1)).max() < 1e-6
    assert out.errors.max() < 1e-6
    points = triangulate_dlt(ideal_pixels(pixels, K, dist), K, R, t)
    assert ((points - X).norm(dim=-1) / X.norm(dim=-1)).max() < 1e-6
    refined = triangulate_robust(pixels, K, R, t, dist, refine=True).points
    assert ((refined - X).norm(dim=-1) / X.norm(dim=-1)).max() < 1e-6


@pytest.mark.parametrize('unit', [1.0, 1e-3])
def test_two_views_as_opencv(unit):
    K, R, t, _ = rig(2, 7, unit)
    pixels = observe(people(100, 1, unit), K, R, t)
    P = (K @ torch.cat([R, t[..., None]], -1)).numpy()
    X = cv2.triangulatePoints(
        P[0], P[1], pixels[:, 0].T.numpy().copy(), pixels[:, 1].T.numpy().copy()
    )
    np.testing.assert_allclose(
        triangulate_dlt(pixels, K, R, t) / unit, (X[:3] / X[3]).T / unit, atol=1e-3
    )


@pytest.mark.parametrize('unit', [1.0, 1e-3])
@pytest.mark.parametrize('num', [2, 5, 31])
def test_random_rigs_with_distortion_as_opencv(num, unit):
    K, R, t, dist = rig(num, num + 40, unit)
    X = people(40, num, unit)
    pixels = observe(X, K, R, t, dist)
    exact = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-14)
    ideal, P = [], torch.cat([R, t[..., None]], -1).numpy()
    for v in range(num):
        k, r, s, d = (x[v].numpy() for x in (K, R, t, dist))
        expected = cv2.projectPoints(X.numpy(), cv2.Rodrigues(r)[0], s, k, d)[0]
        np.testing.assert_allclose(pixels[:, v], expected[:, 0], atol=1e-7)
        ideal.append(
            cv2.undistortPointsIter(pixels[:, v].numpy()[:, None], k, d, None, None, exact)[:, 0]
        )
        ours = undistort(pixels[:, v], K[v], dist[v])
        np.testing.assert_allclose(ours, ideal[-1] * k[[0, 1], [0, 1]] + k[:2, 2], atol=1e-5)
    for a, b in {(0, num // 2), (0, 1), (num - 2, num - 1)}:
        X4 = cv2.triangulatePoints(P[a], P[b], ideal[a].T, ideal[b].T)
        pair = [a, b]
        ours = triangulate_robust(pixels[:, pair], *(x[pair] for x in (K, R, t, dist)))
        np.testing.assert_allclose(  # mm
            ours.points / unit, (X4[:3] / X4[3]).T / unit, atol=1e-2
        )


def slow_dlt(pixels, K, R, t, weights, homogeneous):
    """One point, rows over their depth until that stands; NumPy."""
    P = np.concatenate([R, t[..., None]], -1)
    f = K[:, [0, 1], [0, 1]]
    xy = (pixels - K[:, :2, 2]) / f
    depth = np.ones(len(P))
    for _ in range(20):
        rows = (P[:, :2] - xy[..., None] * P[:, 2:]) * f[..., None]
        rows = (rows * (np.sqrt(weights) / depth)[:, None, None]).reshape(-1, 4)
        if homogeneous:
            X = np.linalg.svd(rows * [1, 1, 1, 1e-3])[2][-1]  # about the room's size
            X = X[:3] / X[3] * 1e3
        else:
            X = np.linalg.lstsq(rows[:, :3], -rows[:, 3], rcond=None)[0]
        depth = P[:, 2, :3] @ X + P[:, 2, 3]
    return X


def test_noisy_dlt_as_slow_version():
    K, R, t, _ = rig(5, 3)
    pixels = observe(people(30), K, R, t, noise=3.0)
    weights = torch.from_numpy(np.random.default_rng(0).uniform(0.1, 1, (30, 5)))
    points = triangulate_dlt(pixels, K, R, t, weights).numpy()
    for i in range(30):
        args = [x.numpy() for x in (pixels[i], K, R, t, weights[i])]
        assert np.linalg.norm(points[i] - slow_dlt(*args, False)) < 1e-3
        # Noise moves the points by about 10 mm; the homogeneous form hardly.
        assert np.linalg.norm(points[i] - slow_dlt(*args, True)) < 0.3


def test_unit_and_origin_do_not_matter():
    K, R, t, dist = rig(5, 11)
    X = people(100)
    pixels = observe(X, K, R, t, dist, noise=2.0)
    pixels[::3, 1] += 90
    first = triangulate_robust(pixels, K, R, t, dist)
    for unit, shift in ((1e-3, 0), (1e3, 0), (1e-9, 0), (1.0, 1e6)):
        moved = t * unit - R @ torch.full((3,), float(shift)).double()
        other = triangulate_robust(pixels, K, R, moved, dist)
        assert (other.inliers == first.inliers).all()
        torch.testing.assert_close((other.points - shift) / unit, first.points, atol=1e-5, rtol=0)


def test_float32():
    K, R, t, dist = rig(4, 1)
    X = people(100)
    pixels = observe(X, K, R, t, dist)
    args = [x.float() for x in (pixels, K, R, t, dist)]
    out = triangulate_robust(*args)
    assert out.points.dtype == out.errors.dtype == torch.float32
    assert (out.points - X).norm(dim=-1).max() < 0.02  # mm
    assert out.errors.max() < 0.01
    ideal = ideal_pixels(pixels, K, dist).float()
    points = triangulate_dlt(ideal, *args[1:4])
    assert points.dtype == torch.float32 and (points - X).norm(dim=-1).max() < 0.02


@pytest.mark.parametrize('refine', [False, True])
def test_corrupted_view_is_named(refine):
    K, R, t, dist = rig(5, 5)
    X = people(2000)
    pixels = observe(X, K, R, t, dist, noise=2.0)
    rng = np.random.default_rng(3)
    wrong = torch.from_numpy(rng.integers(0, 5, 2000))
    angle, far = rng.uniform(0, 2 * np.pi, 2000), rng.uniform(60, 400, 2000)
    rows = torch.arange(2000)
    pixels[rows, wrong] += torch.from_numpy(
        np.stack([np.cos(angle), np.sin(angle)], -1) * far[:, None]
    )
    out = triangulate_robust(pixels, K, R, t, dist, refine=refine)
    expected = torch.ones(2000, 5, dtype=torch.bool)
    expected[rows, wrong] = False
    named = (out.inliers == expected).all(-1) & (out.status == Status.OK)
    assert named.double().mean() >= 0.99
    # Its points are those that the four good views give by themselves.
    alone = pixels.clone()
    alone[rows, wrong] = NAN
    points = triangulate_dlt(ideal_pixels(alone, K, dist), K, R, t)
    if not refine:
        apart = (points - out.points).norm(dim=-1)[named]
        assert apart.median() < 0.3 and apart.max() < 5


def test_corrupted_view_is_named_on_random_rigs():
    """2 px noise, five views, one of them off by 60 to 400 px: at least 99 %."""
    named = []
    for seed in range(100, 112):
        K, R, t, dist = rig(5, seed, 1e-3 if seed % 2 else 1.0)
        pixels = observe(
            people(500, seed, 1e-3 if seed % 2 else 1.0), K, R, t, dist, noise=2.0, seed=seed
        )
        rng = np.random.default_rng(seed)
        wrong = torch.from_numpy(rng.integers(0, 5, 500))
        angle, far = rng.uniform(0, 2 * np.pi, 500), rng.uniform(60, 400, 500)
        pixels[torch.arange(500), wrong] += torch.from_numpy(
            np.stack([np.cos(angle), np.sin(angle)], -1) * far[:, None]
        )
        inliers = triangulate_robust(pixels, K, R, t, dist).inliers
        named.append((inliers == (torch.arange(5) != wrong[:, None])).all(-1))
    assert torch.cat(named).double().mean() >= 0.99


def test_half_of_many_views_wrong():
    """31 views, 465 pairs: sampling, with and without missing views."""
    K, R, t, dist = rig(31, 2)
    X = people(300)
    pixels = observe(X, K, R, t, dist, noise=1.0)
    rng = np.random.default_rng(4)
    wrong = torch.from_numpy(rng.random((300, 31)) < 0.5)
    sides = rng.choice([-150.0, 150.0], (int(wrong.sum()), 2))
    pixels[wrong] += torch.from_numpy(sides)
    missing = torch.from_numpy(rng.random((300, 31)) < 0.3)
    for gone in (torch.zeros_like(missing), missing):
        seen = pixels.clone()
        seen[gone] = NAN
        out = triangulate_robust(seen, K, R, t, dist, seed=7)
        assert (out.inliers == (~wrong & ~gone)).all(-1).double().mean() > 0.99
        again = triangulate_robust(seen, K, R, t, dist, seed=7, chunk=37)
        torch.testing.assert_close(again, out, equal_nan=True, atol=1e-9, rtol=0)
    # Ten views or fewer of the 31: every pair is tried, whatever the seed.
    seen = pixels.clone()
    seen[:, 10:] = NAN
    for seed in range(3):
        out = triangulate_robust(seen, K, R, t, dist, seed=seed)
        few = triangulate_robust(pixels[:, :10], K[:10], R[:10], t[:10], dist[:10])
        assert (out.inliers[:, :10] == few.inliers).all(-1).double().mean() > 0.99


def test_more_inliers_win_then_the_smaller_error():
    # Cameras on the x axis, looking along z; f = 100, point at (0, 0, 1000).
    V = 4
    K = torch.tensor([[100.0, 0, 0], [0, 100, 0], [0, 0, 1]]).double().expand(V, 3, 3)
    R = torch.eye(3).double().expand(V, 3, 3)
    t = torch.zeros(V, 3).double()
    t[:, 0] = -torch.tensor([-600.0, -200, 200, 600])
    a = project(torch.tensor([[0.0, 0, 1000]]).double(), K, R, t)[0][:, 0]
    b = project(torch.tensor([[100.0, 300, 900]]).double(), K, R, t)[0][:, 0]
    three = torch.stack([a[0], a[1], a[2], b[3]])
    out = triangulate_robust(three[None], K, R, t, threshold=2.0)
    assert out.inliers.tolist() == [[True, True, True, False]]
    two = torch.stack([a[0], a[1], b[2], b[3]])
    two[0, 1] += 1.0  # rows apart: these two miss each other by a pixel
    out = triangulate_robust(two[None], K, R, t, threshold=2.0)
    assert out.inliers.tolist() == [[False, False, True, True]]
    torch.testing.assert_close(out.points, torch.tensor([[100.0, 300, 900]]).double())
    out = triangulate_robust(two[None], K, R, t, threshold=2.0, min_inliers=3)
    assert out.status.tolist() == [Status.NO_CONSENSUS]


def test_refinement_lessens_the_reprojection_error():
    K, R, t, dist = rig(3, 8)
    pixels = observe(people(200), K, R, t, dist, noise=5.0)
    plain = triangulate_robust(pixels, K, R, t, dist, threshold=100.0)
    fine = triangulate_robust(pixels, K, R, t, dist, threshold=100.0, refine=True)
    assert plain.inliers.all() and fine.inliers.all()
    before, after = (x.errors.square().sum(-1) for x in (plain, fine))
    assert (after <= before + 1e-9).all() and (after < before - 1e-6).any()
    # At the minimum no small move helps.
    for i in range(3):
        for step in (0.01, -0.01):
            points = fine.points.clone()
            points[:, i] += step
            moved = reprojection_errors(pixels, points, K, R, t, dist)
            assert (moved.square().sum(-1) >= after - 1e-9).all()


def test_cameras_of_each_point_and_chunks():
    N, V = 40, 4
    rigs = [rig(V, seed) for seed in range(N)]
    K, R, t, dist = (torch.stack(x) for x in zip(*rigs))
    X = people(N)
    pixels = torch.stack([observe(X[i : i + 1], *rigs[i])[0] for i in range(N)])
    pixels[:, 2] += 100
    for chunk in (None, 7):
        out = triangulate_robust(pixels, K, R, t, dist, chunk=chunk)
        torch.testing.assert_close(out.points, X, atol=1e-6, rtol=0)
        assert out.inliers[:, 2].sum() == 0 and out.inliers.sum() == 3 * N
    ideal = torch.stack(
        [ideal_pixels(pixels[i : i + 1], K[i], dist[i])[0] for i in range(N)]
    ).reshape(5, 8, V, 2)
    weights = torch.ones(V).double()
    weights[2] = 0
    shaped = [x.reshape((5, 8) + x.shape[1:]) for x in (K, R, t)]
    points = triangulate_dlt(ideal, *shaped, weights)
    torch.testing.assert_close(points, X.reshape(5, 8, 3), atol=1e-6, rtol=0)


@pytest.mark.parametrize('bad', [False, True])
def test_cameras_of_each_group_are_those_of_its_keypoints(bad):
    """As if each keypoint had its own, whatever chunk a group is cut by."""
    G, J, V = 6, 5, 4
    rigs = [rig(V, seed) for seed in range(G)]
    K, R, t, dist = (torch.stack(x) for x in zip(*rigs))
    X = people(G * J)
    pixels = torch.cat([observe(X[J * i : J * i + J], *rigs[i], noise=2) for i in range(G)])
    pixels[::3, 2] += 100
    if bad:
        K[3, 1] = NAN  # a view less
    own = [x.repeat_interleave(J, 0) for x in (K, R, t, dist)]
    for chunk in (None, 7):
        expected = triangulate_robust(pixels, *own, chunk=chunk)
        found = triangulate_robust(pixels, K, R, t, dist, chunk=chunk)
        for one, other in zip(found, expected):
            assert torch.equal(torch.nan_to_num(one, -1), torch.nan_to_num(other, -1))
        assert (found.points - X).norm(dim=1).max() < 30
        assert found.inliers[15:20, 1].any() != bad
    R, t = R[:1].expand(G, V, 3, 3), t[:1].expand(G, V, 3)
    own = [x.repeat_interleave(J, 0) for x in (K, R, t, dist)]
    expected = triangulate_robust(pixels, *own).points
    shared = triangulate_robust(pixels, K, R[0], t[0], dist).points
    torch.testing.assert_close(shared, expected, atol=1e-6, rtol=0, equal_nan=True)


def test_threads_take_whole_chunks(monkeypatch):
    """Each by itself, with the same result; what is to be differentiated stays in one thread."""
    K, R, t, dist = rig(4)
    pixels = observe(people(120), K, R, t, dist, noise=2)
    pixels[::7, 0] += 400
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = triangulate_robust(pixels, K, R, t, dist)
        worked, whole = [], triangulation._robust

        def robust(*args):
            worked.append((threading.get_ident(), torch.get_num_threads()))
            return whole(*args)

        monkeypatch.setattr(triangulation, '_robust', robust)
        monkeypatch.setattr(triangulation, '_LEAST', 16)
        torch.set_num_threads(2)
        for options in (dict(), dict(chunk=37), dict(refine=True)):
            found = triangulate_robust(pixels, K, R, t, dist, **options)
            close = 1e-6 if 'refine' not in options else 5.0  # mm, pixels
            for one, other in zip(found, expected):
                torch.testing.assert_close(one, other, atol=close, rtol=0, equal_nan=True)
        assert {count for _, count in worked} == {1} and len(worked) == 2 + 4 + 2
        assert threading.get_ident() not in {thread for thread, _ in worked}
        assert torch.get_num_threads() == 2

        worked.clear()
        points = triangulate_robust(pixels.requires_grad_(), K, R, t, dist).points
        assert points[1].sum().requires_grad and {t for t, _ in worked} == {threading.get_ident()}
    finally:
        torch.set_num_threads(usual)


def test_an_error_of_a_thread_is_raised(monkeypatch):
    K, R, t, dist = rig(3)
    pixels = observe(people(40), K, R, t, dist)
    monkeypatch.setattr(triangulation, '_LEAST', 16)
    monkeypatch.setattr(triangulation, '_robust', lambda *args: 1 / 0)
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(ZeroDivisionError):
            triangulate_robust(pixels, K, R, t, dist)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)


def test_memory_is_bounded_by_chunks():
    """31 views, 19 joints: a process grows by little more than its results."""
    code = (
        'from benchmarks import triangulate as b; import json, torch; torch.set_num_threads(1); '
        'print(json.dumps(b.memory(31, 19 * 500)))'
    )
    lines = subprocess.run(
        [sys.executable, '-c', code],
        check=True,
        timeout=300,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ).stdout
    found = json.loads(lines)
    assert found['failed'] == 0 and found['median_error_mm'] < 5
    # 64 MB as it is; 248 MB with all points in one chunk.
    assert found['peak_mb'] - found['before_mb'] < 150


# ----------------------------------------------------------------- degenerate cases


def check_flags(out):
    """What every result keeps, whatever the input."""
    ok = out.status == Status.OK
    assert torch.isfinite(out.points[ok]).all()
    assert torch.isnan(out.points[~ok]).all()
    assert not out.inliers[~ok].any()
    assert torch.isnan(out.errors[~ok]).all()
    assert torch.isfinite(out.errors[out.inliers]).all()


def test_missing_views():
    K, R, t, dist = rig(3)
    pixels = observe(people(6), K, R, t, dist)
    pixels[0] = NAN
    pixels[1, 1:] = NAN
    pixels[2, 0] = NAN
    pixels[3, 0, 1] = float('inf')
    weights = torch.ones(6, 3).double()
    weights[4] = torch.tensor([NAN, 1, 1])
    weights[5] = torch.tensor([0, -1, 1])
    out = triangulate_robust(pixels, K, R, t, dist, weights)
    few, ok = int(Status.TOO_FEW_VIEWS), int(Status.OK)
    assert out.status.tolist() == [few, few, ok, ok, ok, few]
    assert out.inliers[2:5].tolist() == [[False, True, True]] * 3
    assert torch.isnan(out.errors[2:5, 0]).all()
    check_flags(out)
    points = triangulate_dlt(ideal_pixels(pixels, K, dist), K, R, t, weights)
    assert torch.isnan(points).any(-1).tolist() == [True, True, False, False, False, True]
    torch.testing.assert_close(points[2:5], out.points[2:5])


def test_one_view_no_view_no_point():
    K, R, t, dist = rig(2)
    pixels = observe(people(3), K, R, t, dist)
    out = triangulate_robust(pixels[:, :1], K[:1], R[:1], t[:1], dist[:1])
    assert out.status.tolist() == [Status.TOO_FEW_VIEWS] * 3
    check_flags(out)
    out = triangulate_robust(pixels[:0], K, R, t, dist)
    assert out.points.shape == (0, 3) and out.errors.shape == (0, 2)
    out = triangulate_robust(pixels[:, :0], K[:0], R[:0], t[:0])
    assert out.status.tolist() == [Status.TOO_FEW_VIEWS] * 3
    assert torch.isnan(triangulate_dlt(pixels[:, :1], K[:1], R[:1], t[:1])).all()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_cameras_at_one_place(dtype):
    K, R, t, dist = rig(2)
    K, dist = K[:1].expand(3, 3, 3), dist[:1].expand(3, 5)
    c, s = np.cos(0.1), np.sin(0.1)
    turn = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]]).double()
    R = torch.stack([R[0], turn @ R[0], turn @ turn @ R[0]])
    t = torch.stack([t[0], turn @ t[0], turn @ turn @ t[0]])
    for noise in (0.0, 2.0):
        pixels = observe(people(50), K, R, t, dist, noise)
        args = [x.to(dtype) for x in (pixels, K, R, t)]
        out = triangulate_robust(*args, dist.to(dtype))
        assert (out.status == Status.DEGENERATE).all()
        check_flags(out)
        if dtype == torch.float64:
            assert torch.isnan(triangulate_dlt(*args)).all()


def test_collinear_centres():
    V = 3
    K = torch.tensor([[1000.0, 0, 0], [0, 1000, 0], [0, 0, 1]]).double().expand(V, 3, 3)
    R = torch.eye(3).double().expand(V, 3, 3)
    t = torch.zeros(V, 3).double()
    t[:, 2] = torch.tensor([0.0, 500, 1000])  # one behind the other
    # Off their line a point is found; on it, all rays are the line.
    X = torch.tensor([[300.0, 100, 3000], [0, 0, 3000]]).double()
    pixels = observe(X, K, R, t)
    out = triangulate_robust(pixels, K, R, t)
    assert out.status.tolist() == [Status.OK, Status.DEGENERATE]
    torch.testing.assert_close(out.points[0], X[0])
    check_flags(out)
    points = triangulate_dlt(pixels, K, R, t)
    torch.testing.assert_close(points[0], X[0])
    assert torch.isnan(points[1]).all()


def test_behind_the_cameras():
    # What two parallel cameras would see of a point behind both, mirrored.
    K = torch.tensor([[1000.0, 0, 0], [0, 1000, 0], [0, 0, 1]]).double().expand(2, 3, 3)
    R = torch.eye(3).double().expand(2, 3, 3)
    t = torch.tensor([[0.0, 0, 0], [-500, 0, 0]]).double()
    X = torch.tensor([100.0, 50, -2000]).double()
    camera = X + t
    pixels = camera[:, :2] / camera[:, 2:] * 1000
    out = triangulate_robust(pixels[None], K, R, t)
    assert out.status.tolist() == [Status.NO_CONSENSUS]
    check_flags(out)
    assert torch.isinf(reprojection_errors(pixels, X, K, R, t)).all()


def test_wrong_camera_is_no_inlier_from_behind():
    K, R, t, dist = rig(4, 3)
    pixels = observe(people(5), K, R, t, dist)
    R, t = R.clone(), t.clone()
    turn = torch.diag(torch.tensor([-1.0, 1, -1])).double()
    R[3], t[3] = turn @ R[3], turn @ t[3]  # calibrated as looking away
    out = triangulate_robust(pixels, K, R, t, dist)
    assert out.inliers.tolist() == [[True, True, True, False]] * 5
    assert torch.isinf(out.errors[:, 3]).all()


@pytest.mark.parametrize(
    'field,value', [('K', 0.0), ('K', NAN), ('R', NAN), ('t', float('inf')), ('dist', NAN)]
)
def test_unusable_camera_is_a_missing_view(field, value):
    cameras = dict(zip(('K', 'R', 't', 'dist'), rig(3)))
    pixels = observe(people(4), **cameras)
    good = triangulate_robust(pixels[:, 1:], **{k: v[1:] for k, v in cameras.items()})
    cameras[field][0] = value
    out = triangulate_robust(pixels, **cameras)
    assert (out.status == Status.OK).all() and not out.inliers[:, 0].any()
    assert torch.isnan(out.errors[:, 0]).all()
    torch.testing.assert_close(out.points, good.points)
    cameras[field][:] = value
    out = triangulate_robust(pixels, **cameras)
    assert (out.status == Status.TOO_FEW_VIEWS).all()
    check_flags(out)
    del cameras['dist']
    if field != 'dist':
        assert torch.isnan(triangulate_dlt(pixels, **cameras)).all()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    num=st.integers(2, 12),
    unit=st.sampled_from([1e-3, 1.0, 1e3]),
    refine=st.booleans(),
    single=st.booleans(),
)
def test_any_input_gives_flagged_results(seed, num, unit, refine, single):
    """Noise, gross errors, points anywhere, missing and impossible views."""
    rng = np.random.default_rng(seed)
    K, R, t, dist = rig(num, seed, unit)
    X = torch.from_numpy(rng.normal(0, 10.0 ** rng.uniform(0, 5), (12, 3))) * unit
    x = X @ R.transpose(-1, -2) + t[:, None]
    pixels = (x[..., :2] / x[..., 2:] * 1000).transpose(0, 1).clone()
    chance = torch.from_numpy(rng.random((12, num)))
    pixels[chance < 0.2] += 300
    pixels[(chance > 0.2) & (chance < 0.3)] = NAN
    pixels[(chance > 0.3) & (chance < 0.35)] = 0
    pixels[(chance > 0.35) & (chance < 0.37)] = float('inf')
    weights = torch.from_numpy(
        rng.choice([NAN, -1, 0, 0.3, 1], (12, num), p=[0.05, 0.05, 0.1, 0.4, 0.4])
    )
    args = [pixels, K, R, t, dist, weights]
    if single:
        args = [a.float() for a in args]
    out = triangulate_robust(*args, refine=refine)
    check_flags(out)
    ok = out.status == Status.OK
    assert (out.inliers.sum(-1)[ok] >= 2).all()
    assert (out.errors[out.inliers] <= 20).all()
    missing = ~torch.isfinite(args[0]).all(-1) | ~(args[5] > 0)
    assert not out.inliers[missing].any() and torch.isnan(out.errors[missing]).all()
    if ok.any():
        again = reprojection_errors(args[0], out.points, *args[1:5])
        close = out.inliers & ok[:, None]
        torch.testing.assert_close(
            again[close], out.errors[close], rtol=1e-3, atol=0.05 if single else 1e-6
        )


# -------------------------------------------------------------------- gradients


def test_gradients():
    K, R, t, dist = [x.clone().requires_grad_() for x in rig(4, 2)]
    pixels = observe(people(2), K, R, t, dist, noise=1.0).detach().requires_grad_()
    weights = torch.rand(2, 4, dtype=torch.float64).add(0.1).requires_grad_()
    assert torch.autograd.gradcheck(
        triangulate_dlt, (pixels, K, R, t, weights), atol=1e-4, fast_mode=True
    )


def test_robust_gradients_and_failed_points():
    K, R, t, dist = rig(4, 2)
    pixels = observe(people(3), K, R, t, dist, noise=1.0)
    pixels[0, 1] += 100
    pixels[1, 1:] = NAN
    pixels[2] = torch.zeros(4, 2)
    for refine in (False, True):
        x = pixels.clone().requires_grad_()
        k, d = K.clone().requires_grad_(), dist.clone().requires_grad_()
        out = triangulate_robust(x, k, R, t, d, refine=refine)
        out.points[0].sum().backward()
        assert all(torch.isfinite(g).all() for g in (x.grad, k.grad, d.grad))
        assert (x.grad[0, [0, 2, 3]] != 0).all() and (x.grad[0, 1] == 0).all()
        # Against finite differences, the inliers being the same.
        step = torch.zeros_like(pixels)
        step[0, 2, 0] = 1e-4
        ends = [
            triangulate_robust(pixels + s * step, K, R, t, dist, refine=refine).points[0].sum()
            for s in (1, -1)
        ]
        expected = (ends[0] - ends[1]) / 2e-4
        torch.testing.assert_close(x.grad[0, 2, 0], expected, rtol=2e-2, atol=1e-3)


# -------------------------------------------------------------------- statistics


def test_camera_residuals():
    K, R, t, dist = rig(4, 9)
    X = people(200)
    pixels = observe(X, K, R, t, dist)
    pixels[:, 1] += torch.tensor([3.0, -2.0]).double()
    pixels[:50, 2] = NAN
    inliers = torch.ones(200, 4, dtype=torch.bool)
    inliers[:, 3] = False
    mean, count = camera_residuals(pixels, X, K, R, t, dist, inliers)
    assert count.tolist() == [200, 200, 150, 0]
    torch.testing.assert_close(
        mean[:3], torch.tensor([[0.0, 0], [3, -2], [0, 0]]).double(), atol=1e-9, rtol=0
    )
    assert torch.isnan(mean[3]).all()


def test_multi_view_consistency_by_hand():
    errors = torch.tensor(
        [
            [[3.0, 4.0], [1.0, NAN]],  # one view missing: mean of 9, 16, 1
            [[3.0, 4.0], [NAN, NAN]],  # one keypoint failed: 9, 16 and the diagonals
            [[NAN, NAN], [NAN, NAN]],
            [[float('inf'), 0.0], [0.0, 0.0]],
        ]
    )
    diagonal = torch.tensor([10.0, 20.0])
    torch.testing.assert_close(
        multi_view_consistency(errors, diagonal),
        torch.tensor([26 / 3, (25 + 100 + 400) / 4, 250.0, 25.0]),
    )
    torch.testing.assert_close(
        multi_view_consistency(errors, 10.0, squared=False),
        torch.tensor([8 / 3, 27 / 4, 10.0, 2.5]),
    )
    torch.testing.assert_close(
        consistency_errors(errors[0], diagonal),
        torch.tensor([[9.0, 16.0], [1.0, NAN]]),
        equal_nan=True,
    )
    # A view that is there, but has no error, counts for the diagonal.
    present = torch.tensor([False, True])
    torch.testing.assert_close(
        consistency_errors(errors[0], diagonal, False, present),
        torch.tensor([[NAN, 4.0], [NAN, 20.0]]),
        equal_nan=True,
    )


def test_gradient_of_consistency_is_finite_beside_what_is_missing():
    errors = torch.tensor([[3.0, 4.0], [1.0, NAN], [NAN, NAN], [30.0, 2.0]])
    errors.requires_grad_()
    multi_view_consistency(errors, 10.0).backward()
    # Seven count: 2 e / 7; the diagonal has no derivative.
    torch.testing.assert_close(
        errors.grad, torch.tensor([[6.0, 8.0], [2.0, 0.0], [0.0, 0.0], [0.0, 4.0]]) / 7
    )


@pytest.mark.parametrize(
    'change,match',
    [
        (dict(K=torch.eye(3)), 'K has shape'),
        (dict(K=torch.eye(3).expand(3, 2, 3, 3)), r'pixels \(4, 2, 2\) .* or \(4, 2, 3, 3\)'),
        (
            dict(K=torch.eye(3).expand(2, 2, 3, 3), t=torch.zeros(4, 2, 3)),
            r't has shape \(4, 2, 3\).* or \(2, 2, 3\)',
        ),
        (dict(t=torch.zeros(3)), 't has shape'),
        (dict(dist=torch.zeros(2, 6)), '6 coefficients'),
        (dict(weights=torch.ones(4, 3)), r'weights has shape \(4, 3\)'),
        (dict(pixels=torch.zeros(2, 2)), 'pixels are'),
        (dict(threshold=0), 'threshold'),
        (dict(min_inliers=1), 'min_inliers'),
    ],
)
def test_errors_name_the_argument(change, match):
    good = dict(
        pixels=torch.zeros(4, 2, 2),
        K=torch.eye(3).expand(2, 3, 3),
        R=torch.eye(3).expand(2, 3, 3),
        t=torch.zeros(2, 3),
    )
    with pytest.raises(ValueError, match=match):
        triangulate_robust(**dict(good, **change))
