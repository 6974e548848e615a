"""Decoding on the device finds what MMPose's codecs find."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmpose_al.geometry.heatmaps import gaussians
from mmpose_al.models import decoding
from mmpose_al.models.decoding import decode_heatmaps, patches
from tests.helpers import student


def head_of(**codec):
    config = student(num_joints=3)['head']
    config['decoder'] = dict(
        dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5), **codec
    )
    return MODELS.build(config)


def heatmaps():
    """Gaussians anywhere, at the border too, noise, plain noise and nothing."""
    generator = torch.Generator().manual_seed(0)
    size = torch.tensor([24.0, 32.0])
    centers = torch.rand(40, 3, 2, generator=generator) * (size + 4) - 2
    centers[:4] = torch.tensor([[0.0, 0], [23, 31], [1, 1], [22, 30]])[:, None]
    maps = gaussians(centers, (24, 32), 1.5)
    maps += 0.02 * torch.rand(maps.shape, generator=generator)
    maps[-2] = torch.rand(3, 32, 24, generator=generator)
    maps[-1] = -1.0
    return maps


@pytest.mark.parametrize(
    'codec',
    [
        dict(),
        dict(unbiased=True, blur_kernel_size=5),
        dict(unbiased=True, blur_kernel_size=11),
        dict(type='UDPHeatmap', sigma=2),
    ],
    ids=str,
)
def test_as_mmpose_decodes(codec):
    head, maps = head_of(**codec), heatmaps()
    expected = head.decode(maps)
    keypoints, scores = decode_heatmaps(head, maps)
    assert keypoints.shape == (40, 3, 2) and keypoints.dtype == np.float64
    np.testing.assert_allclose(
        keypoints, np.concatenate([e.keypoints for e in expected]), atol=2e-2
    )
    np.testing.assert_array_equal(scores, np.concatenate([e.keypoint_scores for e in expected]))


def test_it_is_the_fast_way_for_msra(monkeypatch):
    """No call of the slow one; and a head of one's own decodes itself."""
    head = head_of(unbiased=True, blur_kernel_size=5)
    with monkeypatch.context() as patch:
        patch.setattr(head.decoder, 'decode', None)
        decode_heatmaps(head, heatmaps())
        patch.setattr(type(head), 'decode', lambda self, maps: [1 / 0])
        with pytest.raises(ZeroDivisionError):
            decode_heatmaps(head, heatmaps())


def test_a_gaussian_is_found_to_a_hundredth():
    centers = torch.tensor([[[10.3, 12.6], [7.0, 20.5], [15.25, 8.75]]])
    maps = gaussians(centers, (24, 32), 1.5)
    found, _ = decode_heatmaps(head_of(unbiased=True, blur_kernel_size=11), maps)
    # heatmap pixels are 4 input pixels; without the end of the heatmap near
    np.testing.assert_allclose(found / 4, centers.numpy(), atol=1e-2)


def test_patches_by_hand():
    maps = torch.arange(1.0, 13).view(1, 1, 3, 4)
    found = patches(maps, torch.tensor([[[0, 1]]]), 1)
    assert found[0, 0].tolist() == [[0, 1, 2], [0, 5, 6], [0, 9, 10]]
    assert decoding.quarter_offsets(maps, torch.tensor([[[2, 1]]])).tolist() == [
        [[0.25, 0.0]]
    ]  # row 1 is too near to the border for y
