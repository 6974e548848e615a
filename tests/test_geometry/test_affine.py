"""Affine maps: round trips, known answers, and heatmaps that follow keypoints."""

import math

import numpy as np
import pytest
import torch

from mmpose_al.geometry import affine
from tests.test_geometry.peaks import subpixel_peak

# Every codec that the configs use. MSRA and Megvii round the centre of the Gaussian
# to a pixel unless told otherwise, so Megvii's keypoints lie half a pixel behind its
# start, where its codec finds them again.
CODECS = [
    dict(type='MSRAHeatmap', sigma=2, unbiased=True),
    dict(type='UDPHeatmap', sigma=2),
    dict(type='MegviiHeatmap', kernel_size=11),
]
SIZES = [((192, 256), (48, 64)), ((256, 256), (64, 64)), ((96, 96), (24, 24))]


def test_similarity_turns_scales_and_mirrors():
    quarter = affine.similarity(torch.tensor([90.0]), torch.tensor([2.0]), (5, 3))
    # centre (2, 1); (3, 1) is 1 to the right of it -> 2 below it
    point = affine.transform_points(quarter, torch.tensor([[[3.0, 1.0]]]))
    assert torch.allclose(point, torch.tensor([[[2.0, 3.0]]]), atol=1e-6)
    mirror = affine.similarity(torch.zeros(1), torch.ones(1), (5, 3), torch.tensor([True]))
    point = affine.transform_points(mirror, torch.tensor([[[4.0, 2.0]]]))
    assert torch.allclose(point, torch.tensor([[[0.0, 2.0]]]), atol=1e-6)


def random_maps(num, size, flip=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    angle = (torch.rand(num, generator=generator).double() * 2 - 1) * 60
    scale = 0.5 + torch.rand(num, generator=generator).double()
    flips = torch.rand(num, generator=generator) < 0.5 if flip else None
    return affine.similarity(angle, scale, size, flips)


def test_angles_stay_angles_on_any_input():
    matrix = random_maps(20, (192, 256), flip=True)[..., :2]
    gram = matrix @ matrix.transpose(1, 2)
    identity = torch.eye(2).double() * gram[:, :1, :1]
    assert torch.allclose(gram, identity.expand_as(gram))


def test_invert_and_compose():
    a, b = random_maps(8, (192, 256)), random_maps(8, (192, 256), True, seed=1)
    points = torch.rand(8, 5, 2).double() * 200
    there = affine.transform_points(affine.compose(a, b), points)
    step = affine.transform_points(a, affine.transform_points(b, points))
    assert torch.allclose(there, step)
    back = affine.transform_points(affine.invert(a), affine.transform_points(a, points))
    assert torch.allclose(back, points)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_does_not_round_maps(dtype):
    angle, scale = torch.tensor([50.0, -33.0]), torch.tensor([0.7, 1.4])
    points = torch.rand(2, 5, 2) * 200

    def maps():
        one = affine.similarity(angle, scale, (192, 256), torch.tensor([True, False]))
        other = affine.similarity(angle.flip(0), scale, (192, 256))
        return [
            one,
            affine.compose(one, other),
            affine.invert(one),
            affine.transform_points(one, points),
        ]

    expected = maps()
    with torch.autocast('cpu', dtype):
        got = maps()
    for one, other in zip(got, expected):
        assert torch.equal(one, other)


def test_rescale_agrees_with_going_through_the_input():
    factor = torch.tensor([4.0, 255 / 63]).double()
    matrix = random_maps(8, (192, 256), True)
    points = torch.rand(8, 5, 2).double() * 40
    direct = affine.transform_points(affine.rescale(matrix, factor), points)
    detour = affine.transform_points(matrix, points * factor) / factor
    assert torch.allclose(direct, detour)


def slow_warp(image, matrix):
    """Bilinear look-up of every output pixel, zero outside, in plain loops."""
    linear, shift = matrix[:, :2], matrix[:, 2]
    height, width = image.shape
    out = np.zeros_like(image)
    for v in range(height):
        for u in range(width):
            x, y = np.linalg.solve(linear, np.array([u, v]) - shift)
            for dy in (0, 1):
                for dx in (0, 1):
                    i, j = math.floor(y) + dy, math.floor(x) + dx
                    if 0 <= i < height and 0 <= j < width:
                        out[v, u] += (1 - abs(y - i)) * (1 - abs(x - j)) * image[i, j]
    return out


def test_warp_against_a_slow_version():
    image = torch.rand(3, 1, 9, 7).double()
    matrix = random_maps(3, (7, 9), True)
    warped = affine.warp(image, matrix)
    for got, one, m in zip(warped, image, matrix):
        assert np.allclose(got[0].numpy(), slow_warp(one[0].numpy(), m.numpy()))


def test_warp_in_half_precision_keeps_positions():
    ramp = torch.arange(256.0).expand(1, 1, 4, 256)
    matrix = torch.tensor([[[1.0, 0, 3], [0, 1, 0]]])
    moved = affine.warp(ramp.bfloat16(), matrix).float()
    assert torch.equal(moved[..., 3:], ramp.bfloat16().float()[..., :-3])


def test_valid_mask_counts_exactly_the_pixels_that_have_a_source():
    matrix = torch.tensor([[[1.0, 0, 2], [0, 1, -1]], [[1, 0, 0], [0, 1, 0]]])
    mask = affine.valid_mask(matrix, (5, 4))[:, 0]
    expected = torch.zeros(4, 5)
    expected[:3, 2:] = 1
    assert torch.equal(mask[0], expected)
    assert mask[1].all()


@pytest.mark.parametrize('sizes', SIZES, ids=str)
@pytest.mark.parametrize('codec', CODECS, ids=lambda c: c['type'])
@pytest.mark.parametrize('flip', [False, True])
def test_warped_heatmap_peaks_where_the_keypoint_went(codec, sizes, flip):
    """METHODS.md 1: to within 0.1 heatmap pixel, up and down in scale."""
    from mmpose.registry import KEYPOINT_CODECS

    input_size, heatmap_size = sizes
    codec = KEYPOINT_CODECS.build(dict(codec, input_size=input_size, heatmap_size=heatmap_size))
    random = np.random.RandomState(3)
    factor = np.asarray(codec.scale_factor, np.float64)
    offset = 0.5 if type(codec).__name__ == 'MegviiHeatmap' else 0.0
    checked = 0
    matrices = random_maps(40, input_size, flip)
    # The keypoints stay well inside so that the whole blob is seen on both sides.
    for matrix in matrices:
        cells = random.uniform(0.4, 0.6, 2) * heatmap_size
        if offset:
            cells = np.round(cells)
        keypoint = (cells + offset) * factor
        encoded = codec.encode(keypoint[None, None].astype(np.float32), np.ones((1, 1), np.float32))
        heatmap = torch.from_numpy(np.asarray(encoded['heatmaps'], np.float32))[None]
        warped = affine.warp(heatmap.double(), affine.rescale(matrix[None], factor, offset))
        truth = affine.transform_points(matrix[None], torch.from_numpy(keypoint[None, None]))[
            0, 0
        ].numpy()
        truth = truth / factor - offset
        if np.any(truth < 6) or np.any(truth > np.array(heatmap_size) - 7):
            continue
        peak = subpixel_peak(warped[0, 0].numpy())
        assert np.abs(peak - truth).max() < 0.1, (peak, truth)
        checked += 1
    assert checked >= 20
