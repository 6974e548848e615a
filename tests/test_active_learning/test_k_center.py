"""Lazy k-centre picks what the eager one picks, to the last bit where it matters."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmpose_al.active_learning import k_center
from mmpose_al.active_learning.k_center import cover_of
from mmpose_al.active_learning.strategies import Constraints, KCenter


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
    cover = cover_of(poses)
    cover.add_many(np.flatnonzero(labeled).tolist())
    free, chosen = ~labeled, []
    for _ in range(budget):
        worth = np.where(free, cover.nearest.numpy(), -np.inf)
        index = int(np.argmax(worth))
        chosen.append((index, float(worth[index])))
        free[index] = False
        cover.add(index)
    return chosen


@pytest.mark.parametrize('missing', [False, True])
@pytest.mark.parametrize('num_labeled', [20, 300])
def test_lazy_k_center_picks_what_the_eager_one_picks(missing, num_labeled, monkeypatch):
    for name, numbers in (('_TILE', 64 * 3), ('_AT_ONCE', 2000)):
        monkeypatch.setattr(k_center, name, numbers)  # many blocks, few centres at once
    rng = np.random.RandomState(0)
    poses = rng.normal(0, 300, (900, 3, 3))
    poses[500:600] = poses[300:400]  # equal distances: the first counts
    poses[20:300] *= 0.2
    if missing:
        poses[rng.rand(900, 3) < 0.1] = np.nan
        poses[np.isnan(poses).all((1, 2)), 0] = 0.0
    labeled = np.arange(900) < num_labeled
    pool = make_pool(poses, labeled)
    selection = GivenPoses().pick(pool, 150, Constraints(pool))
    assert list(zip(*selection)) == eager(poses, labeled, 150)
    # by definition, one centre
    if not missing:
        cover = cover_of(poses)
        cover.add(7)
        slow = np.linalg.norm(poses - poses[7], axis=-1).mean(1)
        assert cover.nearest.numpy() == pytest.approx(slow, rel=1e-5, abs=1e-3)


def test_k_center_has_one_thread(monkeypatch):
    """The others are there again afterwards, also when it fails."""
    seen, whole = [], k_center.PoseCover.meet

    def meet(self, *given):
        seen.append(torch.get_num_threads())
        whole(self, *given)

    monkeypatch.setattr(k_center.PoseCover, 'meet', meet)
    pool = make_pool(np.random.RandomState(0).rand(30, 3, 3), np.arange(30) < 3)
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        GivenPoses().pick(pool, 2, Constraints(pool))
        GivenPoses().utilities(pool)
        with pytest.raises(ZeroDivisionError), k_center.one_thread():
            1 / 0  # noqa: B018
        assert set(seen) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)


def test_equal_poses_are_equally_far_wherever_they_stand():
    rng = np.random.RandomState(1)
    poses = rng.normal(0, 300, (1, 17, 3)).repeat(4001, 0)
    poses[5] = 0
    cover = cover_of(poses)
    cover.add(5)
    others = np.delete(cover.nearest.numpy(), 5)
    assert cover.nearest[5] == 0 and (others == others[0]).all()


def test_cover_with_missing_joints_uses_common_ones():
    points = np.array([[[0.0, 0], [5, 0]], [[3, 4], [np.nan, np.nan]], [[0, 1], [5, 2]]])
    cover = cover_of(points)
    cover.add(0)
    assert cover.nearest.tolist() == pytest.approx([0, 5, 1.5])
    many = cover_of(points)
    many.add_many([0, 1])
    assert many.nearest.tolist() == pytest.approx([0, 0, min(1.5, 18**0.5)])


@pytest.mark.parametrize('offset', [0.0, 300.0])
def test_features_are_picked_as_the_eager_one_does_whatever_their_mean(offset, monkeypatch):
    """Far from zero, a matrix product loses most of a small distance."""
    monkeypatch.setattr(k_center, '_PRODUCTS', 5000)  # many blocks
    rng = np.random.RandomState(0)
    features = rng.normal(offset, 1, (700, 1, 40)).astype(np.float32)
    features[500:] = features[100:300]
    labeled = np.arange(700) < 200
    pool = make_pool(features, labeled)
    assert list(zip(*GivenPoses().pick(pool, 120, Constraints(pool)))) == eager(
        features, labeled, 120
    )


@pytest.mark.parametrize('parts', [1, 3])
def test_what_is_approached_is_a_bound_from_above(parts):
    rng = np.random.RandomState(0)
    points = rng.normal(50, 1, (800, parts, 2 if parts > 1 else 64)).astype(np.float32)
    centers = list(range(0, 800, 4))
    exact, bound = cover_of(points), cover_of(points)
    exact.add_many(centers)
    bound.approach(centers)
    gap = (bound.nearest - exact.nearest).numpy()
    assert (gap >= 0).all() and np.median(gap) < 0.2 * np.median(exact.nearest.numpy()) + 1e-3


def counted(monkeypatch):
    """How many units meet how many centres: a list that each meeting adds to."""
    met = []
    for kind in (k_center.PoseCover, k_center.FeatureCover):
        whole = kind.meet

        def meet(self, block, centers, whole=whole):
            met.append(len(block.units) * len(centers))
            whole(self, block, centers)

        monkeypatch.setattr(kind, 'meet', meet)
    return met


@pytest.mark.parametrize('parts', [1, 17])
@pytest.mark.parametrize('kind', ['independent', 'corner'])
def test_most_units_never_meet_most_centers(parts, kind, monkeypatch):
    """Where all labelled units lie in one corner too, which the first picks leave."""
    monkeypatch.setattr(k_center, '_TILE', 64 * parts)
    monkeypatch.setattr(k_center, '_ACTIVE', 64)
    monkeypatch.setattr(k_center, '_TOGETHER', 64)
    rng = np.random.RandomState(0)
    labeled = np.arange(2000) < 400
    if kind == 'independent':
        points = rng.normal(0, 300, (2000, parts, 3 if parts > 1 else 40))
    else:
        place = rng.rand(2000, 4)
        place[:400] *= 0.1
        points = (place @ rng.normal(0, 600, (4, 51))).reshape(2000, parts, -1)
    expected = eager(points, labeled, 20)
    met = counted(monkeypatch)
    pool = make_pool(points, labeled)
    assert list(zip(*GivenPoses().pick(pool, 20, Constraints(pool)))) == expected
    assert sum(met) < 0.6 * 2000 * 420


def test_many_features_are_met_as_one_by_one_also_in_a_tight_group_far_away(monkeypatch):
    """There a product says of no distance which is the smallest."""
    monkeypatch.setattr(k_center, '_AT_ONCE', 900)  # few of them are measured at once
    rng = np.random.RandomState(0)
    points = rng.normal(0, 1, (300, 1, 48)).astype(np.float32)
    points[100:200] = 1e4 + 1e-3 * points[100:200]
    points[200:] = points[100:200] + np.float32(0.25)
    many, single = cover_of(points), cover_of(points)
    centers = list(range(0, 300, 3))
    many.add_many(centers)
    for center in centers:
        single.add(center)
    assert (many.nearest == single.nearest).all()
    distances = np.linalg.norm(points - points[centers][:, 0].astype(np.float64), axis=-1)
    assert many.nearest.numpy() == pytest.approx(distances.min(1), rel=1e-5)


def test_unknown_features_change_no_others():
    points = np.array([[[0.0, 0]], [[3, 4]], [[np.nan, 1]], [[6, 8]]], np.float32)
    cover = cover_of(points)
    cover.add(0)
    assert cover.nearest[[0, 1, 3]].tolist() == [0, 5, 10]
    assert np.isnan(points[2, 0, 0])  # what is given stays
