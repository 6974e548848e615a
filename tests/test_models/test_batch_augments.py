"""JointCutOcclude, RandomCutout, RandomCutMix, PoseRandAugment."""

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
from mmpose_al.datasets.transforms.rand_augment import OPERATIONS, PoseRandAugment


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


# ---- RandAugment -------------------------------------------------------------------


def test_operations_on_a_batch_equal_one_by_one():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (6, 3, 20, 16), generator=generator).float()
    mean, std = torch.full((3, 1, 1), 120.0), torch.full((3, 1, 1), 60.0)
    augment = PoseRandAugment(num_ops=3)
    augment.set_normalization(mean, std)
    seeds = np.arange(6) + 10
    normal = (images - mean) / std
    whole = augment.augment(normal, None, seeds)
    single = torch.cat(
        [augment.augment(normal[i : i + 1], None, seeds[i : i + 1]) for i in range(6)]
    )
    assert torch.allclose(whole, single)
    assert (whole != normal).flatten(1).any(1).all()
    back = whole * std + mean
    assert back.min() >= -1e-3 and back.max() <= 255.001
    never = PoseRandAugment(prob=0)
    assert torch.equal(never.augment(normal, None, seeds), normal)


def test_operations_by_hand():
    image = torch.tensor([10, 100, 250], dtype=torch.uint8).reshape(1, 1, 1, 3)
    image = image.expand(1, 3, 1, 3)
    assert OPERATIONS['Invert'](image, 1)[0, 0, 0].tolist() == [245, 155, 5]
    # threshold 255 * (1 - 2/3) = 85
    assert OPERATIONS['Solarize'](image, 2 / 3)[0, 0, 0].tolist() == [10, 155, 5]
    # 8 - round(4 * 2/3) = 5 bits: multiples of 8
    assert OPERATIONS['Posterize'](image, -2 / 3)[0, 0, 0].tolist() == [8, 96, 248]
    assert OPERATIONS['Brightness'](image, -2 / 3)[0, 0, 0].tolist() == [4, 40, 100]


def test_rotation_in_a_pipeline_takes_the_joints_along():
    image = np.zeros((64, 48, 3), np.uint8)
    image[20, 30] = 255
    results = dict(
        img=image,
        transformed_keypoints=np.array([[[30.0, 20.0]]]),
        keypoints_visible=np.ones((1, 1)),
    )
    np.random.seed(0)
    out = PoseRandAugment(num_ops=1, magnitude=30, ops=['Rotate']).transform(results)
    x, y = out['transformed_keypoints'][0, 0]
    assert np.hypot(x - 30, y - 20) > 3
    yy, xx = np.mgrid[:64, :48]
    weight = out['img'][..., 0].astype(float)
    assert [(weight * xx).sum() / weight.sum(), (weight * yy).sum() / weight.sum()] == (
        pytest.approx([x, y], abs=0.3)
    )


def test_pipeline_form_works_on_bgr():
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 2] = 200  # red
    np.random.seed(1)
    out = PoseRandAugment(num_ops=1, ops=['Color'], magnitude=30).transform(
        dict(img=image, transformed_keypoints=np.zeros((1, 1, 2)))
    )['img']
    red = torch.from_numpy(image[..., ::-1].transpose(2, 0, 1).copy())[None]
    options = [
        OPERATIONS['Color'](red, s)[0].numpy().transpose(1, 2, 0)[..., ::-1] for s in (-1, 1)
    ]
    assert any((out == o).all() for o in options)
    with pytest.raises(KeyError, match='TopdownAffine'):
        PoseRandAugment().transform(dict(img=image))


def test_randaugment_refuses():
    with pytest.raises(ValueError, match='Shear'):
        PoseRandAugment(ops=['Shear'])
    with pytest.raises(ValueError, match='magnitude'):
        PoseRandAugment(magnitude=31)
    with pytest.raises(ValueError, match='operation on pixels'):
        PoseRandAugment(ops=['Rotate']).augment(torch.zeros(1, 3, 4, 4), None, [0])
