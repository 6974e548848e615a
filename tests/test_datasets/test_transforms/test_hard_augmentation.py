"""What every registered hard augmentation keeps to."""

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

import mmpose_al  # noqa: F401 registers
from mmpose_al.datasets.transforms.hard_augmentation import (
    HardAugmentation,
    build_hard_path,
    registered_hard_augmentations,
)

NAMES = registered_hard_augmentations()
SIZE = (48, 64)
SEEDS = np.arange(6) + 100
DEVICES = ['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu']


def batch(num=6, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(num, 3, SIZE[1], SIZE[0], generator=generator)
    keypoints = torch.rand(num, 5, 2, generator=generator) * torch.tensor(SIZE)
    return images.to(dtype), keypoints


def built(name):
    mean, std = torch.full((3, 1, 1), 120.0), torch.full((3, 1, 1), 60.0)
    return build_hard_path([dict(type=name)], mean, std)[0]


def places(augmentation, keypoints):
    """What an estimator gives it."""
    return keypoints if augmentation.uses_keypoints else None


def test_the_package_has_these():
    assert set(NAMES) >= {
        'JointCutOcclude',
        'JointCutout',
        'PoseRandAugment',
        'RandomCutMix',
        'RandomCutout',
    }


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('name', NAMES)
def test_images_keep_shape_and_type_and_the_input_is_left_alone(name, dtype, device):
    augmentation = built(name)
    images, keypoints = (each.to(device) for each in batch(dtype=dtype))
    before = images.clone(), keypoints.clone()
    out = augmentation.augment(images, places(augmentation, keypoints), SEEDS)
    assert (out.shape, out.dtype, out.device) == (images.shape, images.dtype, images.device)
    assert torch.isfinite(out).all()
    assert torch.equal(images, before[0]) and torch.equal(keypoints, before[1])
    assert (out != images).flatten(1).any(1).float().mean() > 0.5, 'it does something'


@pytest.mark.parametrize('name', NAMES)
def test_the_seeds_and_nothing_else_decide(name):
    augmentation = built(name)
    images, keypoints = batch()
    there = places(augmentation, keypoints)
    torch.manual_seed(0)
    np.random.seed(0)
    one = augmentation.augment(images, there, SEEDS)
    two = built(name).augment(images, there, list(SEEDS))
    assert torch.equal(one, two)
    assert not torch.equal(one, augmentation.augment(images, there, SEEDS + 50))


@pytest.mark.parametrize('name', NAMES)
def test_an_image_does_not_depend_on_its_batch_unless_the_class_says_so(name):
    augmentation = built(name)
    images, keypoints = batch()
    whole = augmentation.augment(images, places(augmentation, keypoints), SEEDS)
    alone = torch.cat(
        [
            augmentation.augment(
                images[i : i + 1], places(augmentation, keypoints[i : i + 1]), SEEDS[i : i + 1]
            )
            for i in range(len(images))
        ]
    )
    if augmentation.uses_other_images:
        assert torch.equal(alone, images)  # nothing to take from
        assert not torch.equal(whole, images)
    else:
        assert torch.allclose(alone, whole, atol=1e-6)


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -1e6])
@pytest.mark.parametrize('name', [n for n in NAMES if TRANSFORMS.get(n).uses_keypoints])
def test_joints_that_are_nowhere_take_no_part(name, value):
    images, keypoints = batch()
    keypoints[:, 1:] = value
    one_left = built(name).augment(images, keypoints, SEEDS)
    assert torch.isfinite(one_left).all() and not torch.equal(one_left, images)
    keypoints[:, 0] = value
    assert torch.equal(built(name).augment(images, keypoints, SEEDS), images)


@pytest.mark.parametrize('name', NAMES)
def test_a_name_and_the_settings_are_shown(name):
    assert repr(built(name)).startswith(f'{name}(')


def test_draws_are_a_function_of_seed_and_class():
    class Other(HardAugmentation):
        stream = 'joint_cutout'

    class Mine(HardAugmentation):
        pass

    like = torch.zeros(1)
    one = Other().draws([3, 4], 2, like)
    assert one.shape == (2, 2) and one.dtype == torch.float32
    assert torch.equal(one, built('JointCutout').draws([3, 4], 2, like))
    assert torch.equal(one[1:], Other().draws([4], 2, like))
    assert not torch.equal(one, Mine().draws([3, 4], 2, like))
    with pytest.raises(NotImplementedError, match='Mine does not define augment'):
        Mine().augment(like, None, [0])
    with pytest.raises(NotImplementedError, match='hard_augments'):
        Mine().transform({})


def test_what_is_no_hard_augmentation_is_refused_with_the_list_of_those_that_are():
    class FakeCover(HardAugmentation):
        pass

    class FakeFlip(BaseTransform):
        def augment(self, images, keypoints, seeds):
            return images

        def transform(self, results):
            return results

    try:
        for kind in (FakeCover, FakeFlip):
            TRANSFORMS.register_module(module=kind)
        with pytest.raises(ValueError, match='FakeFlip does not work on a batch') as error:
            build_hard_path([dict(type='JointCutout'), dict(type='FakeFlip')])
        assert ', '.join(sorted([*NAMES, 'FakeCover'])) in str(error.value)
        assert isinstance(build_hard_path([dict(type='FakeCover')])[0], FakeCover)
    finally:
        TRANSFORMS._module_dict.pop('FakeCover')
        TRANSFORMS._module_dict.pop('FakeFlip')
