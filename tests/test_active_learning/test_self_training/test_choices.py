"""Which frames are pseudo-labelled, by hand."""

from collections import Counter

import pytest

from mmpose_al.active_learning.self_training.choices import from_clusters, random_of_surest, surest

IDS = [50, 20, 90, 10, 70, 30]


def test_the_surest():
    assert surest(IDS, 2) == [50, 20] and surest(IDS, 9) == IDS


def test_random_ones_of_twice_as_many():
    """Each of the first 4 in half of the draws, none of the others, and always the same."""
    draws = [random_of_surest(IDS, 2, seed, 3) for seed in range(400)]
    assert all(len(set(draw)) == 2 for draw in draws)
    counts = Counter(unit for draw in draws for unit in draw)
    assert sorted(counts) == [10, 20, 50, 90]
    assert all(count == pytest.approx(200, abs=40) for count in counts.values())
    assert draws[7] == random_of_surest(IDS, 2, 7, 3) != random_of_surest(IDS, 2, 8, 3)
    assert len({tuple(random_of_surest(IDS, 2, 0, round)) for round in range(20)}) > 1
    assert all(IDS.index(a) < IDS.index(b) for a, b in draws)  # the surest first
    assert random_of_surest(IDS, 6, 0, 0) == IDS and random_of_surest([], 2, 0, 0) == []


def test_as_many_of_each_cluster():
    """Two of cluster 0, two of cluster 1; 10 and 30 of 0 come third and fourth."""
    clusters = [0, 1, 0, 0, 1, 0]
    assert from_clusters(IDS, clusters, 4) == [50, 20, 90, 70]
    assert from_clusters(IDS, clusters, 5) == [50, 20, 90, 70, 10]  # cluster 1 has no more
    assert from_clusters(IDS, [2, -1, 2, 1, 1, 0], 3) == [30, 10, 50]
    assert from_clusters(IDS, [-1] * 6, 3) == []
