"""JointCutout covers each kind of joint anywhere in a non-square image."""

import numpy as np
import pytest
import torch

from mmpose_al.datasets.transforms.joint_cutout import JointCutout, squares_mask


def test_squares_by_hand():
    centers = torch.tensor([[[1.0, 2.0], [4.0, 0.0]]])
    halves = torch.tensor([[1.0, 0.5]])
    mask = squares_mask(centers, halves, torch.tensor([[True, True]]), (6, 4))[0, 0]
    expected = torch.zeros(4, 6, dtype=torch.bool)
    expected[1:4, 0:3] = True
    expected[0, 4] = True
    assert torch.equal(mask, expected)
    without = squares_mask(centers, halves, torch.tensor([[True, False]]), (6, 4))[0, 0]
    assert not without[0, 4] and without[2, 1]


@pytest.mark.parametrize('size', [(192, 256), (256, 192)])
def test_every_joint_is_covered_wherever_it_stands(size):
    """Also near each border: the authors' code never covered the lower quarter."""
    grid = np.stack(
        np.meshgrid(np.linspace(0, size[0] - 1, 5), np.linspace(0, size[1] - 1, 5)), -1
    ).reshape(-1, 1, 2)
    keypoints = torch.from_numpy(grid).float()
    cutout = JointCutout(num_joints=1, jitter=0)
    mask = cutout.mask(keypoints, torch.ones(25, 1, dtype=torch.bool), np.arange(25), size)[:, 0]
    x, y = keypoints[:, 0].long().unbind(-1)
    assert mask[torch.arange(25), y, x].all()
    # half sides of 10 to 20 at 256 pixels of height
    inner = mask[12].float()
    unit = size[1] / 256
    sides = [inner.amax(0).sum(), inner.amax(1).sum()]
    assert all(20 * unit <= float(s) <= 42 * unit for s in sides)


def test_joints_are_drawn_without_repetition_and_all_alike():
    keypoints = torch.tensor([[[40.0 * i + 20, 60.0] for i in range(6)]])
    cutout = JointCutout(num_joints=3, jitter=0, half_size=(5, 5))
    counts = np.zeros(6)
    for seed in range(400):
        mask = cutout.mask(keypoints, torch.ones(1, 6, dtype=torch.bool), [seed], (240, 256))[0, 0]
        covered = mask[60, [40 * i + 20 for i in range(6)]].numpy()
        assert covered.sum() == 3
        counts += covered
    assert abs(counts / 400 - 0.5).max() < 0.1


def test_only_usable_joints_inside_the_image():
    keypoints = torch.tensor([[[10.0, 10], [300, 10], [50, 50]]])
    usable = torch.tensor([[True, True, False]])
    mask = JointCutout(num_joints=3, jitter=0).mask(keypoints, usable, [1], (64, 256))
    assert mask[0, 0, 10, 10] and not mask[0, 0, 50, 50]
    assert not JointCutout(num_joints=3, prob=0).mask(keypoints, usable, [1], (64, 256)).any()


def test_batch_form_fills_the_mask_and_nothing_else():
    images = torch.randn(2, 3, 64, 48)
    keypoints = torch.rand(2, 5, 2) * 40
    cutout = JointCutout(num_joints=2, fill=7.0)
    out = cutout.augment(images, keypoints, [3, 4])
    mask = cutout.mask(keypoints, torch.ones(2, 5, dtype=torch.bool), [3, 4], (48, 64))
    assert torch.equal(out, torch.where(mask, torch.tensor(7.0), images))
    assert mask.any() and not mask.all()
    again = cutout.augment(images[1:], keypoints[1:], [4])
    assert torch.equal(again[0], out[1])


def test_pipeline_form():
    image = np.full((64, 48, 3), 200, np.uint8)
    results = dict(
        img=image,
        keypoints_visible=np.array([[1.0, 0.0]]),
        transformed_keypoints=np.array([[[10.0, 10.0], [40.0, 55.0]]], np.float32),
    )
    np.random.seed(0)
    out = JointCutout(num_joints=2, jitter=0)(results)['img']
    assert (out[10, 10] == 0).all() and (out[55, 40] == 200).all()
    assert (image == 200).all(), 'the source image must not change'
    with pytest.raises(KeyError, match='TopdownAffine'):
        JointCutout()(dict(img=image))


@pytest.mark.parametrize(
    'bad',
    [
        dict(num_joints=0),
        dict(half_size=(5, 2)),
        dict(half_size=(0, 2)),
        dict(jitter=-1),
        dict(prob=1.5),
    ],
)
def test_bad_settings(bad):
    with pytest.raises(ValueError):
        JointCutout(**bad)
