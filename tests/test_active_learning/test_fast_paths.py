"""What was made fast gives what the slow way gives, to the last bit
where it matters."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmpose_al.active_learning import k_center
from mmpose_al.active_learning.strategies import Constraints, KCenter
from mmpose_al.geometry.heatmaps import (
    best_vs_second_best,
    local_peaks,
    multi_peak_entropy,
    peak_values,
)


class GivenPoses(KCenter):
    def describe(self, pool):
        return pool.poses


def make_pool(poses, labeled):
    num = len(poses)
    return SimpleNamespace(
        poses=poses,
        units=np.arange(num),
        labeled=labeled,
        sequences=np.zeros(num, int),
        times=np.arange(num),
    )


def eager(poses, labeled, budget):
    """Every unit meets every centre."""
    cover = k_center.Cover(poses)
    cover.add_many(np.flatnonzero(labeled).tolist())
    free, chosen = ~labeled, []
    for _ in range(budget):
        worth = np.where(free, cover.nearest.numpy(), -np.inf)
        index = int(np.argmax(worth))
        chosen.append((index, float(worth[index])))
        free[index] = False
        cover.add(index)
    return chosen


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('missing', [False, True])
def test_lazy_k_center_picks_what_the_eager_one_picks(threads, missing, monkeypatch):
    for name, numbers in (('_TILE', 64 * 3), ('_GROUP', 128 * 3), ('_AT_ONCE', 2000)):
        monkeypatch.setattr(k_center, name, numbers)  # many blocks, few centres at once
    rng = np.random.RandomState(0)
    poses = rng.normal(0, 300, (900, 3, 3))
    poses[500:600] = poses[300:400]  # equal distances: the first counts
    poses[20:300] *= 0.2
    if missing:
        poses[rng.rand(900, 3) < 0.1] = np.nan
        poses[np.isnan(poses).all((1, 2)), 0] = 0.0
    labeled = np.arange(900) < 20
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        pool = make_pool(poses, labeled)
        selection = GivenPoses().pick(pool, 150, Constraints(pool))
        assert list(zip(*selection)) == eager(poses, labeled, 150)
    finally:
        torch.set_num_threads(usual)
    # by definition, one centre
    if not missing:
        cover = k_center.Cover(poses)
        cover.add(7)
        slow = np.linalg.norm(poses - poses[7], axis=-1).mean(1)
        assert cover.nearest.numpy() == pytest.approx(slow, rel=1e-5, abs=1e-3)


def test_equal_poses_are_equally_far_wherever_they_stand():
    rng = np.random.RandomState(1)
    poses = rng.normal(0, 300, (1, 17, 3)).repeat(4001, 0)
    poses[5] = 0
    cover = k_center.Cover(poses)
    cover.add(5)
    others = np.delete(cover.nearest.numpy(), 5)
    assert cover.nearest[5] == 0 and (others == others[0]).all()


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
