"""Cameras of a batch."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmpose_al.models.cameras import input_cameras


def sample(number, **more):
    metainfo = dict(
        img_path=f'{number}.jpg',
        input_K=np.eye(3, dtype=np.float32) * number,
        input_t=np.array([number, 2, 3], np.float32),
    )
    return SimpleNamespace(metainfo={**metainfo, **more})


def test_stacked_in_the_order_of_keys_and_samples():
    like = torch.zeros(1, dtype=torch.float64)
    t, K = input_cameras([sample(4), sample(5)], ('input_t', 'input_K'), like)
    assert t.dtype == K.dtype == torch.float64
    assert t.tolist() == [[4, 2, 3], [5, 2, 3]] and K[1].tolist() == (5 * np.eye(3)).tolist()


def test_what_lacks_a_camera_is_named_with_the_lines():
    without = sample(7)
    del without.metainfo['input_t']
    with pytest.raises(
        ValueError, match="7.jpg has no input_t: .*InputCamera.*'input_K', 'input_t'"
    ):
        input_cameras([sample(4), without], ('input_K', 'input_t'), torch.zeros(1))
