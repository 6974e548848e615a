"""JointCutOcclude, RandomCutout, RandomCutMix."""

import numpy as np
import pytest
import torch

from mmpose_al.datasets.transforms.batch_patches import (
    JointCutOcclude,
    RandomCutMix,
    RandomCutout,
    partners,
    paste,
)


def numbered(num=4, size=(24, 64)):
    """Images whose pixels tell where they come from: (image, y, x) as channels."""
    y, x = torch.meshgrid(torch.arange(size[1]), torch.arange(size[0]), indexing='ij')
    return torch.stack([torch.stack([torch.full_like(x, i), y, x]) for i in range(num)]).float()


def test_partners_are_others_and_every_other_one():
    draws = torch.linspace(0, 0.999, 3).repeat(5)[:5]
    assert all(int(p) != i for i, p in enumerate(partners(draws)))
    seen = {int(partners(torch.tensor([d, 0, 0, 0.0]))[0]) for d in np.linspace(0, 0.999, 30)}
    assert seen == {1, 2, 3}
    assert partners(torch.tensor([0.3])).tolist() == [0]


def test_paste_by_hand():
    images = numbered(2, (6, 5))
    sources = images.flip(0)
    centers = torch.tensor([[[1.0, 1.0]], [[5.0, 4.0]]])
    origin = torch.tensor([[[4.0, 3.0]], [[1.0, 1.0]]])
    halves = torch.tensor([[1.0], [1.0]])
    out = paste(images, sources, centers, origin, halves, torch.tensor([[True], [True]]))
    # image 0: pixels (0..2, 0..2) come from (3..5, 2..4) of image 1
    assert out[0, :, 0, 0].tolist() == [1, 2, 3] and out[0, :, 2, 2].tolist() == [1, 4, 5]
    assert out[0, :, 3, 1].tolist() == [0, 3, 1]
    assert out[1, :, 4, 5].tolist() == [0, 1, 1] and out[1, :, 3, 4].tolist() == [0, 0, 0]
    none = paste(images, sources, centers, origin, halves, torch.zeros(2, 1).bool())
    assert torch.equal(none, images)
    # from outside the source: left alone
    outside = paste(
        images, sources, centers, origin + 2, halves, torch.ones(2, 1, dtype=torch.bool)
    )
    assert outside[0, :, 2, 2].tolist() == [0, 2, 2]
    assert outside[0, :, 0, 0].tolist() == [1, 4, 5]


def test_joint_cut_occlude_takes_joints_of_another_image():
    images = numbered()
    keypoints = torch.tensor([[[8.0, 20.0], [12.0, 40.0]]]).repeat(4, 1, 1)
    keypoints[1:] += torch.tensor([3.0, 5.0])
    out = JointCutOcclude(num_joints=2, half_size=(16, 16)).augment(images, keypoints, np.arange(4))
    for image in range(4):
        own = keypoints[image].long()
        for x, y in own.tolist():
            source, from_y, from_x = out[image, :, y, x].long().tolist()
            assert source != image
            assert [from_x, from_y] in keypoints[source].long().tolist()
    changed = (out != images).any(1).float().mean()
    assert 0 < changed < 0.6
    assert torch.equal(
        out,
        JointCutOcclude(num_joints=2, half_size=(16, 16)).augment(images, keypoints, np.arange(4)),
    )
    alone = JointCutOcclude().augment(images[:1], keypoints[:1], np.arange(1))
    assert torch.equal(alone, images[:1])


def test_joints_outside_take_no_part():
    images = numbered()
    keypoints = torch.tensor([[[-5.0, 20.0], [100.0, 40.0]]]).repeat(4, 1, 1)
    assert torch.equal(JointCutOcclude().augment(images, keypoints, np.arange(4)), images)


def test_cutout_and_cutmix_change_squares_only():
    images = numbered(4, (48, 64)) + 1
    cut = RandomCutout(num_holes=1, half_size=(16, 16)).augment(images, None, np.arange(4))
    hole = (cut == 0).all(1)
    assert (hole.flatten(1).sum(1) > 0).all()
    assert torch.equal(cut[~hole[:, None].expand_as(cut)], images[~hole[:, None].expand_as(cut)])
    sides = [hole.any(1).sum(1), hole.any(2).sum(1)]
    assert all((s <= 9).all() for s in sides)  # half side 4
    mix = RandomCutMix(num_patches=1, half_size=(16, 16)).augment(images, None, np.arange(4))
    assert torch.equal(mix[:, 1:], images[:, 1:])  # the same places
    other = mix[:, 0] != images[:, 0]
    assert (other.flatten(1).sum(1) > 0).all() and other.float().mean() < 0.1
    assert torch.equal(RandomCutMix().augment(images[:1], None, [1]), images[:1])


def test_squares_refuse_bad_settings_and_pipelines():
    for bad in (
        lambda: RandomCutout(num_holes=0),
        lambda: RandomCutMix(half_size=(5, 2)),
        lambda: JointCutOcclude(jitter=-1),
    ):
        with pytest.raises(ValueError):
            bad()
    with pytest.raises(NotImplementedError, match='hard_augments'):
        RandomCutMix().transform({})
