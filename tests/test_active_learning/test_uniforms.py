"""Numbers that depend on an id and a key alone."""

import numpy as np

from mmpose_al.active_learning.uniforms import keyed_uniforms


def test_a_function_of_id_and_key():
    ids = np.arange(2000)
    draws = keyed_uniforms(ids, 'random', 3, 1)
    assert draws.min() >= 0 and draws.max() < 1 and abs(draws.mean() - 0.5) < 0.03
    assert len(set(draws)) == 2000
    assert keyed_uniforms(ids[::-1], 'random', 3, 1)[::-1].tolist() == draws.tolist()
    assert keyed_uniforms(ids[7:8], 'random', 3, 1)[0] == draws[7]
    for key in (('random', 3, 2), ('initial', 3, 1)):
        assert abs(np.corrcoef(draws, keyed_uniforms(ids, *key))[0, 1]) < 0.1


def test_the_same_on_every_machine():
    """Experiments that were begun elsewhere go on with the same numbers."""
    found = keyed_uniforms(np.array([0, 7]), 'initial', 5)
    assert found.tolist() == [0.9833481806222021, 0.7033123609862311]
