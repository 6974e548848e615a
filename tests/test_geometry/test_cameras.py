import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_al.geometry import affine
from mmpose_al.geometry.cameras import (
    camera_centers,
    pad_distortion,
    project,
    transform_intrinsics,
    trim_distortion,
    undistort,
    unproject,
)

DIST = [
    -0.2,
    0.12,
    0.001,
    -0.0007,
    -0.02,
    0.02,
    -0.01,
    0.005,
    0.001,
    -0.002,
    0.0015,
    0.0004,
    0.02,
    -0.03,
]
LENGTHS = (0, 4, 5, 8, 12, 14)


def camera(seed=0, length=5, unit=1.0):
    """A camera about 4 m from the origin that looks at it; float64."""
    rng = np.random.default_rng(seed)
    R = cv2.Rodrigues(rng.normal(0, 1, 3))[0]
    t = np.array([rng.normal(0, 100), rng.normal(0, 100), rng.uniform(3500, 5000)])
    f = rng.uniform(900, 1600)
    K = np.array([[f, 0, 950 + rng.normal(0, 30)], [0, f * 1.02, 550], [0, 0, 1]])
    dist = np.array(DIST[:length]) * rng.uniform(0.5, 1.2)
    return [torch.from_numpy(x) for x in (K, R, t * unit, dist)]


def points(num, seed=0, unit=1.0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(0, 500, (num, 3)) * unit)


def test_project_by_hand():
    K = torch.tensor([[100.0, 2, 50], [0, 200, 40], [0, 0, 1]])
    R = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    pixels, depth = project(torch.tensor([[1.0, 2, 3]]), K, R, torch.tensor([4.0, 1, 1]))
    # Camera coordinates (-2 + 4, 1 + 1, 3 + 1), normalised (0.5, 0.5).
    assert depth.tolist() == [4.0]
    assert pixels.tolist() == [[50 + 1 + 50.0, 100 + 40.0]]
    distorted, _ = project(
        torch.tensor([[1.0, 2, 3]]),
        K,
        R,
        torch.tensor([4.0, 1, 1]),
        torch.tensor([0.1, 0, 0.01, 0.02]),
    )
    # r2 = 0.5, radial 1.05; x: 0.525 + 0.01 * 0.5 + 0.02 * (0.5 + 0.5) = 0.55;
    # y: 0.525 + 0.01 * 1 + 0.02 * 0.5 = 0.545.
    torch.testing.assert_close(distorted, torch.tensor([[106.09, 149.0]]))


@pytest.mark.parametrize('unit', [1.0, 1e-3])
@pytest.mark.parametrize('length', LENGTHS)
def test_project_and_undistort_as_opencv(length, unit):
    K, R, t, dist = camera(length, length, unit)
    X = points(200, length, unit)
    pixels, depth = project(X, K, R, t, dist)
    assert (depth > 0).all()
    a = [x.numpy() for x in (K, R, t, dist)]
    expected = cv2.projectPoints(
        X.numpy(), cv2.Rodrigues(a[1])[0], a[2], a[0], a[3] if length else None
    )[0]
    np.testing.assert_allclose(pixels, expected[:, 0], atol=1e-8)

    ideal = undistort(pixels, K, dist)
    np.testing.assert_allclose(ideal, project(X, K, R, t)[0], atol=1e-8)
    expected = cv2.undistortPointsIter(
        pixels.numpy()[:, None],
        a[0],
        a[3] if length else None,
        None,
        a[0],
        (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-14),
    )
    np.testing.assert_allclose(ideal, expected[:, 0], atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    length=st.sampled_from(LENGTHS),
    unit=st.sampled_from([1e-6, 1e-3, 1.0, 1e3]),
)
def test_unproject_inverts_project(seed, length, unit):
    K, R, t, dist = camera(seed, length, unit)
    X = points(20, seed, unit)
    pixels, depth = project(X, K, R, t, dist)
    back = unproject(pixels, depth, K, R, t, dist)
    assert (back - X).abs().max() < 1e-8 * 1000 * unit
    # The centre is the point with camera coordinates zero.
    assert (R @ camera_centers(R, t) + t).abs().max() < 1e-10 * 1000 * unit


def test_float32_and_broadcast():
    cameras = [camera(i) for i in range(3)]
    K, R, t, dist = (torch.stack(x) for x in zip(*cameras))
    X = points(7)
    pixels, depth = project(X, K, R, t, dist)  # the same points in three cameras
    assert pixels.shape == (3, 7, 2) and depth.shape == (3, 7)
    for i, (k, r, s, d) in enumerate(cameras):
        torch.testing.assert_close(pixels[i], project(X, k, r, s, d)[0])
    single = [x.float() for x in (K, R, t, dist)]
    short, _ = project(X.float(), *single)
    assert short.dtype == torch.float32
    assert (short - pixels).abs().max() < 5e-3
    assert (undistort(short, single[0], single[3]) - undistort(pixels, K, dist)).abs().max() < 1e-2


def test_behind_the_camera_has_no_image():
    K, eye, zero = torch.eye(3).double(), torch.eye(3).double(), torch.zeros(3).double()
    X = torch.tensor([[1.0, 1, 2], [1, 1, -2], [1, 1, 0], [0, 0, 0]]).double()
    X.requires_grad_()
    pixels, depth = project(X, K, eye, zero, torch.tensor([0.1, 0, 0, 0]).double())
    assert depth.tolist() == [2, -2, 0, 0]
    assert torch.isnan(pixels).any(-1).tolist() == [False, True, True, True]
    pixels[0].sum().backward()
    assert torch.isfinite(X.grad).all()


def test_undistort_says_where_there_is_no_ray():
    # r (1 - 0.3 r^2) is largest at r = 1.054: 0.703. Beyond, no ray has the image.
    K = torch.tensor([[1000.0, 0, 0], [0, 1000, 0], [0, 0, 1]]).double()
    dist = torch.tensor([-0.3, 0, 0, 0, 0], dtype=torch.float64)
    pixels = torch.tensor([[690.0, 0], [710, 0], [5000, 5000], [float('nan'), 0]])
    pixels = pixels.double().requires_grad_()
    K.requires_grad_()
    ideal = undistort(pixels, K, dist)
    assert torch.isnan(ideal).any(-1).tolist() == [False, True, True, True]
    r = ideal[0, 0] / 1000
    assert abs(r * (1 - 0.3 * r**2) - 0.69) < 1e-12 and r < 1.054
    ideal[0].sum().backward()
    assert torch.isfinite(pixels.grad).all() and torch.isfinite(K.grad).all()


def test_singular_intrinsics_are_flagged():
    K = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert torch.isnan(undistort(torch.ones(4, 2), K, torch.zeros(5))).all()
    assert torch.isnan(
        unproject(torch.ones(4, 2), torch.ones(4), K, torch.eye(3), torch.zeros(3))
    ).all()


@pytest.mark.parametrize('flip', [False, True])
def test_transform_intrinsics(flip):
    K, R, t, dist = camera(3, 8)
    X = points(50)
    matrix = affine.similarity(
        torch.tensor([33.0]).double(), torch.tensor([0.7]), (1920, 1080), torch.tensor([flip])
    )[0].double()
    new = transform_intrinsics(K, matrix)
    expected = affine.transform_points(matrix[None], project(X, K, R, t, dist)[0][None])[0]
    pixels, depth = project(X, new, R, t, dist)
    torch.testing.assert_close(pixels, expected)
    # The rotated, perhaps mirrored, image can be undistorted and unprojected as is.
    torch.testing.assert_close(unproject(pixels, depth, new, R, t, dist), X)


def test_crop_and_resize_by_hand():
    K = torch.tensor([[100.0, 0, 50], [0, 100, 40], [0, 0, 1]])
    # Crop at (10, 20), then every pixel becomes 2 x 2: x' = 2 (x - 10) + 0.5.
    matrix = torch.tensor([[2.0, 0, -19.5], [0, 2, -39.5]])
    assert transform_intrinsics(K, matrix).tolist() == [[200, 0, 80.5], [0, 200, 40.5], [0, 0, 1]]


@pytest.mark.parametrize('length', (5, 14))
def test_gradients(length):
    K, R, t, dist = [x.clone().requires_grad_() for x in camera(1, length)]
    X = points(3).requires_grad_()
    assert torch.autograd.gradcheck(lambda *a: project(*a)[0], (X, K, R, t, dist), fast_mode=True)
    pixels = project(X, K, R, t, dist)[0].detach().requires_grad_()
    assert torch.autograd.gradcheck(undistort, (pixels, K, dist), fast_mode=True)


@pytest.mark.parametrize('length, kept', [(0, None), (4, 4), (5, 5), (6, 8), (9, 12), (13, 14)])
def test_trim_distortion(length, kept):
    """What is left is the shortest of OpenCV's, and all that is not zero."""
    dist = torch.zeros(2, 14)
    dist[1, :length] = 0.01
    trimmed = trim_distortion(dist)
    assert (trimmed is None) if kept is None else (trimmed.shape == (2, kept))
    assert pad_distortion(trimmed).expand(2, 14).equal(dist)
    assert trim_distortion(None) is None


def test_pad_distortion():
    dist = torch.tensor([[1.0, 2, 3, 4]])
    assert pad_distortion(dist, 8).tolist() == [[1, 2, 3, 4, 0, 0, 0, 0]]
    assert pad_distortion(None).tolist() == [0.0] * 14
    K, R, t, dist = camera(2, 5)
    torch.testing.assert_close(
        project(points(5), K, R, t, dist)[0], project(points(5), K, R, t, pad_distortion(dist))[0]
    )
    with pytest.raises(ValueError, match='do not fit'):
        pad_distortion(torch.zeros(8), 5)
    with pytest.raises(ValueError, match='6 coefficients'):
        project(points(2), K, R, t, torch.zeros(6))
