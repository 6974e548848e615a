"""Mean limb lengths on numbers worked out by hand."""

import numpy as np
import pytest

from mmpose_al.analysis.limb_lengths import mean_limb_lengths


def test_means_of_known_limbs():
    poses = np.zeros((2, 3, 4))
    poses[..., 3] = 1
    poses[0, :, 0] = [0, 100, 150]  # pair 100, limb 50
    poses[1, :, 1] = [0, 200, 340]  # pair 200, limb 140
    plain, normalised = mean_limb_lengths(poses, [(1, 2)], (0, 1))
    assert plain.tolist() == [95] and normalised.tolist() == pytest.approx([0.6])
    poses[1, 2, 3] = 0
    plain, normalised = mean_limb_lengths(poses, [(1, 2)], (0, 1))
    assert plain.tolist() == [50] and normalised.tolist() == [0.5]
    poses[:, 2, 3] = 0
    with pytest.raises(ValueError, match=r'\(1, 2\)'):
        mean_limb_lengths(poses, [(1, 2)], (0, 1))
