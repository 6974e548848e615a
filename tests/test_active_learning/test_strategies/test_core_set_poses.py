"""CoreSet over triangulated poses against Eq. 6 and 7 word for word."""

import numpy as np
import pytest

from tests.test_active_learning.rig import JOINTS, make_pool
from tests.test_active_learning.test_strategies.cases import build


def slow_k_center(poses, labeled, budget):
    """Eq. 6, 7 word for word, one pair at a time."""
    centers, chosen = list(labeled), []
    for _ in range(budget):
        best, far = None, -1.0
        for candidate in range(len(poses)):
            if candidate in centers:
                continue
            nearest = min(
                np.mean([np.linalg.norm(a - b) for a, b in zip(poses[candidate], poses[center])])
                for center in centers
            )
            if nearest > far + 1e-9:
                best, far = candidate, nearest
        centers.append(best)
        chosen.append((best, far))
    return chosen


def test_core_set_poses_against_a_slow_version():
    points = np.random.RandomState(0).normal(0, 300, (20, JOINTS, 3))
    pool = make_pool(20, labeled=[0, 50], noise=0.0, points=points)
    selection = build(dict(type='CoreSetPoses', root=0)).select(pool, 7)
    aligned = points - points[:, :1]
    expected = slow_k_center(aligned, [0, 5], 7)
    assert selection.ids == [10 * i for i, _ in expected]
    assert selection.utilities == pytest.approx([d for _, d in expected], rel=1e-4)


def test_without_a_root_poses_are_about_the_mean_of_their_joints():
    points = np.random.RandomState(1).normal(0, 300, (12, JOINTS, 3))
    pool = make_pool(12, labeled=[0], noise=0.0, points=points)
    expected = slow_k_center(points - points.mean(1, keepdims=True), [0], 4)
    assert build(dict(type='CoreSetPoses')).select(pool, 4).ids == [10 * i for i, _ in expected]
    other = slow_k_center(points - points[:, :1], [0], 4)
    assert [i for i, _ in other] != [i for i, _ in expected]
