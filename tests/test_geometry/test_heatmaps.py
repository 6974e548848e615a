"""Local peaks, BSB and MPE on numbers worked out by hand and by slow versions."""

import math

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from scipy.ndimage import maximum_filter

from mmpose_al.geometry.heatmaps import (
    best_vs_second_best,
    gaussians,
    local_peaks,
    multi_peak_entropy,
    peak_values,
    peaks,
    sample_at,
    soft_argmax,
    subpixel_peaks,
)


def two_peaks(first=0.9, second=0.5):
    heatmaps = torch.zeros(1, 1, 8, 12)
    heatmaps[0, 0, 2, 3], heatmaps[0, 0, 6, 9] = first, second
    return heatmaps


def test_bsb_by_hand():
    heatmaps = two_peaks()
    peak = local_peaks(heatmaps)
    assert peak.nonzero()[:, 2:].tolist() == [[2, 3], [6, 9]]
    total = 94 + np.exp(0.9) + np.exp(0.5)
    assert float(best_vs_second_best(heatmaps, peak)) == pytest.approx(
        (np.exp(0.9) - np.exp(0.5)) / total, rel=1e-5
    )
    single = two_peaks(second=0.0)
    total = 95 + np.exp(0.9)
    assert float(best_vs_second_best(single, local_peaks(single))) == pytest.approx(
        np.exp(0.9) / total, rel=1e-5
    )


def test_mpe_by_hand():
    heatmaps = two_peaks()
    p = np.exp(0.9) / (np.exp(0.9) + np.exp(0.5))
    expected = -p * np.log(p) - (1 - p) * np.log(1 - p)
    assert float(multi_peak_entropy(heatmaps, local_peaks(heatmaps))) == pytest.approx(
        expected, rel=1e-5
    )
    single = two_peaks(second=0.0)
    assert float(multi_peak_entropy(single, local_peaks(single))) == 0
    equal = two_peaks(0.7, 0.7)
    assert float(multi_peak_entropy(equal, local_peaks(equal))) == pytest.approx(
        np.log(2), rel=1e-5
    )


@pytest.mark.parametrize('kernel', [3, 5, 7, 11])
def test_peaks_are_scipys_where_nothing_is_equal(kernel):
    heatmaps = torch.rand(3, 4, 16, 13, generator=torch.Generator().manual_seed(kernel))
    found = local_peaks(heatmaps, kernel, floor=0.3).numpy()
    filtered = maximum_filter(
        heatmaps.numpy(), size=(1, 1, kernel, kernel), mode='constant', cval=-1
    )
    assert (found == ((heatmaps.numpy() == filtered) & (heatmaps.numpy() > 0.3))).all()


def test_a_plateau_has_one_peak_and_an_empty_heatmap_too():
    heatmaps = torch.zeros(1, 2, 8, 12)
    heatmaps[0, 0, 3, 4:6] = 0.8
    peak = local_peaks(heatmaps)
    assert peak[0, 0].nonzero().tolist() == [[3, 4]]
    assert peak[0, 1].sum() == 1  # nothing above the floor: its maximum
    assert float(multi_peak_entropy(heatmaps, peak)[0, 1]) == 0
    assert torch.isfinite(best_vs_second_best(heatmaps, peak)).all()
    with pytest.raises(ValueError, match='odd'):
        local_peaks(heatmaps, kernel=4)


@pytest.mark.parametrize('kernel', [3, 5, 7, 9])
def test_peaks_among_equal_values(kernel):
    generator = torch.Generator().manual_seed(kernel)
    heatmaps = (torch.rand(3, 2, 11, 14, generator=generator) * 5).round() / 5
    heatmaps[0, 0], heatmaps[0, 1] = 0.0, 0.6
    found = local_peaks(heatmaps, kernel, 0.3).numpy()
    values, radius = heatmaps.numpy(), kernel // 2
    for place in np.ndindex(*values.shape):
        b, k, y, x = place
        if b == 0 and k == 0:  # nothing above the floor: the maximum
            assert found[place] == ((y, x) == (0, 0))
            continue
        near = [
            (u, v)
            for u in range(max(0, y - radius), min(11, y + radius + 1))
            for v in range(max(0, x - radius), min(14, x + radius + 1))
        ]
        here = values[place]
        expected = here > np.float32(0.3) and all(
            here > values[b, k, u, v] if (u, v) < (y, x) else here >= values[b, k, u, v]
            for u, v in near
        )
        assert found[place] == expected, place


def test_many_images_are_what_one_is():
    generator = torch.Generator().manual_seed(0)
    heatmaps = torch.rand(25, 17, 64, 48, generator=generator)
    peak = local_peaks(heatmaps)
    for function in (best_vs_second_best, multi_peak_entropy):
        together = function(heatmaps, peak)
        assert together.shape == (25, 17)
        for index in (0, 13, 24):
            alone = heatmaps[index : index + 1]
            assert (local_peaks(alone)[0] == peak[index]).all()
            assert torch.allclose(
                function(alone, peak[index : index + 1])[0], together[index], atol=1e-6
            )


@pytest.mark.parametrize('size', [(4, 6), (3, 5)])  # a multiple of eight and not
def test_values_at_the_peaks(size):
    heatmaps = torch.arange(2.0 * size[0] * size[1]).view(1, 2, *size)
    peak = torch.zeros(1, 2, *size, dtype=torch.bool)
    peak[0, 0, 0, 1] = peak[0, 0, 1, 0] = peak[0, 0, 2, 2] = peak[0, 1, 0, 0] = True
    width, area = size[1], size[0] * size[1]
    assert peak_values(heatmaps, peak)[0].tolist() == [
        [1, width, 2 * width + 2],
        [area, -np.inf, -np.inf],
    ]


@pytest.mark.parametrize(
    'codec',
    [
        MSRAHeatmap((64, 96), (16, 24), sigma=1.5, unbiased=True),
        MSRAHeatmap((64, 96), (16, 24), sigma=2),
        # with 3 sigma a fraction, it is a pixel off
        UDPHeatmap((64, 96), (16, 24), sigma=2),
    ],
)
def test_gaussians_are_what_the_codec_encodes(codec):
    # unbiased MSRA keeps fractions; the others round, so whole pixels are given
    on_map = np.array([[[4.0, 9.0], [7.0, 12.0]]])
    if getattr(codec, 'unbiased', False):
        on_map = on_map + 0.3
    points = on_map * np.asarray(codec.scale_factor) + 1e-4
    encoded = codec.encode(points.astype(np.float32), np.ones((1, 2)))['heatmaps']
    ours = gaussians(torch.from_numpy(on_map), (16, 24), codec.sigma)[0].numpy()
    patch = encoded > 0  # cut off at 3 sigma, but for unbiased MSRA
    assert patch.sum() > 150
    assert ours[patch] == pytest.approx(encoded[patch], abs=1e-4)
    assert (ours[~patch] < 0.012).all()


def test_subpixel_peaks_of_gaussians():
    truth = torch.tensor([[[4.3, 7.6], [2.0, 3.45], [0.0, 11.0]]], dtype=torch.float64)
    maps = gaussians(truth, (9, 12), 2.0)
    found, values = subpixel_peaks(maps)
    assert (found - truth).abs().max() < 0.02
    assert (peaks(maps)[0] - truth).abs().max() > 0.4
    flat, _ = subpixel_peaks(torch.zeros(1, 1, 4, 4))
    assert torch.isfinite(flat).all()


def test_soft_argmax_of_gaussians_and_by_hand():
    centers = torch.tensor([[[5.3, 7.8], [10.0, 3.5]]])
    found, share = soft_argmax(gaussians(centers, (16, 16), 1.5))
    # λ = 50 is nearly an argmax: exact on pixels and half way, else up to 0.3 off
    assert (found - centers).abs().max() < 0.3
    assert (found - centers)[0, 1].abs().max() < 1e-3
    assert share.sum((-2, -1)).tolist() == [[pytest.approx(1.0)] * 2]
    line = torch.tensor([[[[0.0, math.log(3.0)]]]])
    found, _ = soft_argmax(line, temperature=1.0)
    assert found.flatten().tolist() == pytest.approx([0.75, 0.0])
    half = soft_argmax(gaussians(centers, (16, 16), 1.5).half())[0]
    assert half.dtype == torch.float32


def test_sample_at_by_hand():
    heatmap = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    places = torch.tensor([[[0.5, 0.5]]])
    assert float(sample_at(heatmap, places)) == pytest.approx(1.5)
    assert float(sample_at(heatmap, torch.tensor([[[1.0, 1.0]]]))) == pytest.approx(3.0)
    assert float(sample_at(heatmap, torch.tensor([[[-1.0, 0.0]]]))) == 0
    outside = torch.tensor([[[-0.5, 1.0]]])
    assert float(sample_at(heatmap, outside)) == pytest.approx(1.0)


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_sample_at_no_position_is_nan(bad):
    torch.manual_seed(0)
    places = torch.tensor([[[0.3, 0.6], [0.3, bad], [bad, bad], [0.8, 0.1]]])
    heatmaps = torch.rand(1, 4, 3, 3)
    grads = []
    for chosen in ([0, 3], [0, 1, 2, 3]):
        leaves = [heatmaps[:, chosen].requires_grad_(), places[:, chosen].requires_grad_()]
        values = sample_at(*leaves)
        values[values.isfinite()].sum().backward()
        grads.append([leaf.grad[:, [0, -1]] for leaf in leaves])
    assert values.isfinite().tolist() == [[True, False, False, True]]
    assert all(torch.equal(*pair) and pair[0].any() for pair in zip(*grads))
    assert not leaves[1].grad[:, 1:3].any()
