"""tools/analysis/limb_lengths.py on numbers worked out by hand."""

import importlib.util
import os.path as osp

import numpy as np
import pytest

PATH = osp.join(
    osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))),
    'tools',
    'analysis',
    'limb_lengths.py',
)


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('limb_lengths', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_means_of_known_limbs(tool):
    poses = np.zeros((2, 3, 4))
    poses[..., 3] = 1
    poses[0, :, 0] = [0, 100, 150]  # pair 100, limb 50
    poses[1, :, 1] = [0, 200, 340]  # pair 200, limb 140
    plain, normalised = tool.mean_limb_lengths(poses, [(1, 2)], (0, 1))
    assert plain.tolist() == [95] and normalised.tolist() == pytest.approx([0.6])
    poses[1, 2, 3] = 0
    plain, normalised = tool.mean_limb_lengths(poses, [(1, 2)], (0, 1))
    assert plain.tolist() == [50] and normalised.tolist() == [0.5]
    poses[:, 2, 3] = 0
    with pytest.raises(ValueError, match=r'\(1, 2\)'):
        tool.mean_limb_lengths(poses, [(1, 2)], (0, 1))
