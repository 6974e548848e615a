"""InputCamera: the pose of the file, through the camera of the crop."""

import numpy as np
import pytest
import torch
from mmpose.registry import TRANSFORMS

from mmpose_al.geometry.cameras import project
from mmpose_al.geometry.depth import reconstruct
from tests.views_3d import PAIR, ROOT, dataset


@pytest.mark.parametrize('flip', [0.0, 1.0])
def test_input_camera_projects_the_pose_onto_the_crop(tiny, flip):
    """The pose of the file, through the input's camera, lands on the input's joints."""
    data = dataset(tiny, flip=flip, rotation=30)
    np.random.seed(0)
    for index in range(4):
        results = data.get_data_info(index)
        for transform in data.pipeline.transforms[:-2]:
            results = transform(results)
        pose = results['pose_3d']
        camera = results['camera']
        points = pose[:, :3] @ camera['R'].T + camera['t']
        if flip:
            points = points[results['flip_indices']] * [-1, 1, 1]
        pixels, _ = project(
            torch.from_numpy(points),
            torch.from_numpy(results['input_K']).double(),
            torch.eye(3, dtype=torch.float64),
            torch.zeros(3, dtype=torch.float64),
            torch.from_numpy(results['input_dist']).double(),
        )
        seen = results['keypoints_visible'][0] > 0
        gap = pixels.numpy()[seen] - results['transformed_keypoints'][0][seen]
        assert np.abs(gap).max() < 0.1
        # 3D -> 2.5D -> 3D through what the network is given
        scale = np.linalg.norm(points[PAIR[0]] - points[PAIR[1]])
        lifted = reconstruct(
            pixels,
            torch.from_numpy(results['relative_depth'][0]).double(),
            torch.from_numpy(results['input_K']).double(),
            PAIR,
            torch.from_numpy(results['input_dist']).double(),
        )
        assert bool(lifted.valid)
        assert np.abs(lifted.points.numpy() * scale - points).max() < 0.1  # mm


def test_distortion_of_a_mirrored_camera():
    points = torch.tensor([[0.3, -0.2, 2.0], [-0.5, 0.4, 3.0]], dtype=torch.float64)
    K = np.array([[500.0, 0, 310], [0, 520, 250], [0, 0, 1]])
    dist = [
        -0.2,
        0.05,
        0.01,
        -0.02,
        0.003,
        0.01,
        0.02,
        0.001,
        0.004,
        0.002,
        0.003,
        0.001,
        0.01,
        -0.02,
    ]
    eye, zero = torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    seen, _ = project(
        points, torch.from_numpy(K), eye, zero, torch.tensor(dist, dtype=torch.float64)
    )
    results = dict(
        camera=dict(K=K, R=np.eye(3), t=np.zeros(3), dist=dist),
        flip=True,
        keypoints=np.zeros((1, 17, 2)),
        ori_shape=(480, 640),
        flip_indices=range(17),
        input_center=np.array([319.5, 239.5]),
        input_scale=np.array([640.0, 480.0]),
        input_size=(640, 480),
    )
    out = TRANSFORMS.build(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(results)
    mirrored, _ = project(
        points * torch.tensor([-1.0, 1, 1]),
        torch.from_numpy(out['input_K']).double(),
        eye,
        zero,
        torch.from_numpy(out['input_dist']).double(),
    )
    crop = results['input_center'] - results['input_scale'] / 2
    expected = torch.stack([639 - seen[:, 0], seen[:, 1]], 1) - torch.from_numpy(crop)
    assert (mirrored - expected).abs().max() < 1e-3


@pytest.mark.parametrize('direction', ['vertical', 'diagonal'])
def test_other_flips_have_no_camera(direction):
    results = dict(
        img_path='x.jpg',
        camera=dict(K=np.eye(3), R=np.eye(3), t=np.zeros(3)),
        flip=True,
        flip_direction=direction,
        keypoints=np.zeros((1, 17, 2)),
        ori_shape=(480, 640),
        flip_indices=range(17),
        input_size=(640, 480),
        input_center=np.array([319.5, 239.5]),
        input_scale=np.array([640.0, 480.0]),
    )
    transform = TRANSFORMS.build(dict(type='InputCamera', pair=PAIR, root=ROOT))
    with pytest.raises(ValueError, match=f'x.jpg: .* {direction} flip'):
        transform.transform(dict(results))
    for fine in (dict(flip=False), dict(flip_direction='horizontal')):
        assert 'input_K' in transform.transform(dict(results, **fine))


def test_input_camera_errors():
    make = TRANSFORMS.build
    with pytest.raises(ValueError, match='two different'):
        make(dict(type='InputCamera', pair=(1, 1), root=0))
    labelled = dict(img_path='x.jpg', keypoints=np.zeros((1, 17, 2)))
    with pytest.raises(ValueError, match='no camera'):
        make(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(labelled)
    with pytest.raises(ValueError, match='beyond the 4'):
        make(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(
            dict(camera=dict(), keypoints=np.zeros((1, 4, 2)))
        )


def test_a_bare_image_of_mmposes_inferencer_has_no_camera():
    bare = dict(img_path='x.jpg', bbox=np.array([[0, 0, 9, 9]]))
    made = TRANSFORMS.build(dict(type='InputCamera', pair=PAIR, root=ROOT)).transform(dict(bare))
    assert made.keys() == bare.keys()


@pytest.mark.parametrize('first', ['InputCamera', 'PoseRandAugment'])
def test_a_crop_that_is_turned_beside_its_camera_is_an_error(tiny, first):
    data = dataset(tiny)
    results = data.get_data_info(0)
    turn = TRANSFORMS.build(dict(type='PoseRandAugment', ops=['Rotate']))
    for transform in data.pipeline.transforms[:-2]:
        if type(transform).__name__ == 'InputCamera':
            steps = [transform, turn] if first == 'InputCamera' else [turn, transform]
            with pytest.raises(ValueError, match='Rotate .* leave it out of ops'):
                for step in steps:
                    results = step(results)
            return
        results = transform(results)
    raise AssertionError('no InputCamera in the pipeline')
