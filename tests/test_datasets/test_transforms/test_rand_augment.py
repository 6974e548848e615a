"""PoseRandAugment: operations by hand, on a batch and in a pipeline."""

import numpy as np
import pytest
import torch

from mmpose_al.datasets.transforms.rand_augment import OPERATIONS, PoseRandAugment


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
