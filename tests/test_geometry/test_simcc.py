"""Measures of two distributions, by hand and of the heatmap that is their product."""

import math

import numpy as np
import pytest
import torch

from mmpose_al.geometry.simcc import AxisPeaks, peaks_of_axis


def logits(*rows):
    """One image, a joint a row, of probabilities that need not sum to 1."""
    return torch.tensor(rows, dtype=torch.float64).log()[None]


def test_peaks_of_an_axis_by_hand():
    # Sums to 32: a peak of 8, one of 4, and a shoulder of 2 beside the first that is none.
    row = [1, 8, 2, 1, 1, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6]
    found = peaks_of_axis(logits(row), radius=2).exp()[0, 0]
    expected = [0.0] * 16
    expected[1], expected[5], expected[15] = 8 / 32, 4 / 32, 6 / 32
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # A plateau has one peak, its first bin.
    plateau = peaks_of_axis(logits([1, 3, 3, 3, 1]), radius=2)[0, 0]
    assert plateau.isfinite().nonzero()[:, 0].tolist() == [1]
    wide = peaks_of_axis(logits(row), radius=4).exp()[0, 0]
    np.testing.assert_allclose(wide.nonzero()[:, 0], [1, 15])


def test_low_peaks_are_noise_and_the_highest_never_is():
    row = [100.0, 1, 1, 1, 4.9, 1, 1, 1, 5.1, 1]
    assert peaks_of_axis(logits(row), 2)[0, 0].isfinite().nonzero()[:, 0].tolist() == [0, 8]
    flat = peaks_of_axis(logits([1.0] * 6), 2)[0, 0]
    assert flat.isfinite().nonzero()[:, 0].tolist() == [0]
    with pytest.raises(ValueError, match='at least 1; got 0'):
        peaks_of_axis(logits(row), 0)


def test_measures_by_hand():
    """x: peaks of 0.5 and 0.25, y: of 0.4 and 0.3; so pairs of 0.2, 0.15, 0.1 and 0.075."""
    none = -torch.inf
    x, y = (torch.tensor([[row]]).log() for row in ([0.5, 0.0, 0.25], [0.3, 0.0, 0.0, 0.4]))
    assert torch.equal(x == none, torch.tensor([[[False, True, False]]]))
    peaks = AxisPeaks(x, y)
    assert peaks.margin().item() == pytest.approx(0.2 - 0.15)
    assert peaks.highest().item() == pytest.approx(0.2)
    shares = np.array([0.2, 0.15, 0.1, 0.075]) / 0.525
    assert peaks.entropy().item() == pytest.approx(-(shares * np.log(shares)).sum())
    # The second in y is nearer to the first than that of x; exchanged, the axes say the same.
    assert AxisPeaks(y, x).margin().item() == pytest.approx(0.05)


def test_one_peak_is_certain():
    one, two = torch.tensor([[[0.9, 0.0]]]).log(), torch.tensor([[[0.5, 0.0, 0.5]]]).log()
    sure = AxisPeaks(one, one)
    assert sure.margin().item() == pytest.approx(0.81) and sure.entropy().item() == 0
    # Two equal peaks in one axis alone: no margin, and the entropy of a coin.
    unsure = AxisPeaks(one, two)
    assert unsure.margin().item() == pytest.approx(0, abs=1e-7)
    assert unsure.entropy().item() == pytest.approx(math.log(2))


def slow(x, y, radius_x, radius_y, floor):
    """Margin, entropy and highest probability of the product heatmap, pixel by pixel."""
    heatmap = np.outer(y, x)
    rows, columns = heatmap.shape
    peaks = []
    for row in range(rows):
        for column in range(columns):
            value = heatmap[row, column]
            near = [
                (i, j)
                for i in range(max(0, row - radius_y), min(rows, row + radius_y + 1))
                for j in range(max(0, column - radius_x), min(columns, column + radius_x + 1))
                if (i, j) != (row, column)
            ]
            before = [heatmap[each] for each in near if each < (row, column)]
            after = [heatmap[each] for each in near if each > (row, column)]
            low = x[column] < floor * x.max() or y[row] < floor * y.max()
            if not low and all(value > v for v in before) and all(value >= v for v in after):
                peaks.append(value)
    peaks = sorted(peaks, reverse=True)
    share = np.array(peaks) / sum(peaks)
    return peaks[0] - (peaks + [0.0])[1], -(share * np.log(share)).sum(), heatmap.max()


@pytest.mark.parametrize('sharp', [1.0, 3.0])
@pytest.mark.parametrize('radii', [(1, 1), (2, 4)])
def test_measures_are_those_of_the_product_heatmap(sharp, radii):
    generator = torch.Generator().manual_seed(round(sharp) + radii[1])
    drawn = [torch.randn(3, 4, size, generator=generator).double() * sharp for size in (19, 23)]
    found = AxisPeaks(*(peaks_of_axis(*pair) for pair in zip(drawn, radii)))
    x, y = (each.softmax(-1).numpy() for each in drawn)
    several = 0
    for b in range(3):
        for k in range(4):
            margin, entropy, highest = slow(x[b, k], y[b, k], *radii, 0.05)
            assert found.margin()[b, k].item() == pytest.approx(margin, abs=1e-9)
            assert found.entropy()[b, k].item() == pytest.approx(entropy, abs=1e-9)
            assert found.highest()[b, k].item() == pytest.approx(highest)
            several += entropy > 0
    assert several >= 6  # the draw has several peaks, so something was compared
