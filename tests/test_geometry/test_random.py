"""Random numbers that are a function of their seed."""

import numpy as np

from mmpose_al.geometry.random import seeded_uniforms


def test_seeded_uniforms_are_uniform_independent_and_repeatable():
    seeds = np.arange(4000)
    a, b = seeded_uniforms(seeds, 3, 'a'), seeded_uniforms(seeds, 3, 'b')
    assert a.shape == (4000, 3) and a.min() >= 0 and a.max() < 1
    assert np.array_equal(a, seeded_uniforms(seeds, 3, 'a'))
    assert np.array_equal(a[17:18, :2], seeded_uniforms([17], 2, 'a'))
    assert abs(a.mean() - 0.5) < 0.01 and abs(a.var() - 1 / 12) < 0.002
    table = np.concatenate([a, b], 1)
    correlation = np.corrcoef(table.T) - np.eye(6)
    assert np.abs(correlation).max() < 0.06


def test_splitmix64_reference_values():
    """The first two outputs of splitmix64 from state 0, known from its definition."""

    def splitmix(state, steps):
        mask = 2**64 - 1
        for _ in range(steps):
            state = (state + 0x9E3779B97F4A7C15) & mask
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            z ^= z >> 31
        return z

    assert splitmix(0, 1) == 0xE220A8397B1DCDAF
    # seed 0, no stream: the state is mix(0) = 0
    got = seeded_uniforms([0], 2)[0] * 2**53
    assert [int(g) for g in got] == [splitmix(0, 1) >> 11, splitmix(0, 2) >> 11]
