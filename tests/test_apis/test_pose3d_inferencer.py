"""The inferencer, with a random network."""

import json
import os.path as osp

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmpose_al.apis import Pose3DInferencer, guess_intrinsics, load_weights, read_frames
from mmpose_al.apis.pose3d_inferencer import check_intrinsics
from tests.mp4 import write_mp4
from tests.test_apis.networks import ROOT
from tests.test_configs.test_configs import without_weights


def spread(model):
    """Replace the head's output by a pose that has a depth."""

    def forward(feats):
        output = torch.zeros(len(feats[0]), 34, 32, 32)
        for joint in range(17):
            output[:, joint, 4 + joint, 8 + joint] = 1.0
        output[:, 17:] = 0.1 * torch.arange(17.0)[None, :, None, None]
        return output

    model.head.forward = forward


def test_poses_land_on_their_pixels(inferencer, image):
    spread(inferencer.model)
    K = np.array([[300.0, 0, 70], [0, 310, 50], [0, 0, 1]])
    people = inferencer(image, K, [[20, 10, 60, 90], [50, 30, 80, 80]])
    assert len(people) == 2
    for person in people:
        assert person['keypoints_3d'].shape == (17, 3)
        projected = person['keypoints_3d'] @ K.T
        projected = projected[:, :2] / projected[:, 2:]
        assert np.abs(projected - person['keypoints']).max() < 0.05
    # mean limb lengths give the scale: a person's size in mm
    size = np.linalg.norm(people[0]['keypoints_3d'][5] - people[0]['keypoints_3d'][11])
    assert inferencer.unit == 'mm' and 50 < size < 5000
    # twice the focal length: twice as far away, the same size
    (far,) = inferencer(
        image, np.diag([2.0, 2, 1]) @ K * [[1, 1, 0.5], [1, 1, 0.5], [1, 1, 1]], [[20, 10, 60, 90]]
    )
    ratio = far['keypoints_3d'][11, 2] / people[0]['keypoints_3d'][11, 2]
    assert 1.8 < ratio < 2.2
    (guessed,) = inferencer(image)
    assert guessed['bbox'] == [0, 0, 160, 120]


def test_what_it_says_is_plain_data(inferencer, image):
    spread(inferencer.model)
    people = inferencer(image)
    lost = dict(people[0], keypoints_3d=None)
    said = json.loads(
        json.dumps(
            inferencer.describe(
                [(0, people), (5, [lost])], guess_intrinsics(160, 120), 'folder/x.mp4'
            )
        )
    )
    assert said['format'] == 'mmpose_al-poses3d' and said['source'] == 'x.mp4'
    assert [f['index'] for f in said['frames']] == [0, 5]
    assert said['frames'][1]['persons'][0]['keypoints_3d'] is None
    assert len(said['joints']) == 17 and said['unit'] == 'mm'
    person = said['frames'][0]['persons'][0]
    assert np.shape(person['keypoints']) == np.shape(person['keypoints_3d']) == (17, 3)


def test_guess_and_errors(inferencer, image):
    assert guess_intrinsics(200, 100)[0].tolist() == [240.0, 0, 99.5]
    for bad in (np.eye(2), np.diag([1.0, -1, 1]), np.ones((3, 3)), np.diag([1.0, np.nan, 1])):
        with pytest.raises(ValueError, match='K is a 3x3'):
            check_intrinsics(bad)
    for bad in (
        [0, 0, 0, 5],
        [0, 0, 5],
        [np.nan, 0, 5, 5],
        [0, 0, np.inf, 5],
        [5000, 0, 5, 5],
        [0, -20, 5, 10],
    ):
        with pytest.raises(ValueError, match='with an area inside the 160x120 image'):
            inferencer(image, boxes=[bad])
    for bad in ([1, 2, 3], [0] * 15, [np.nan, 0, 0, 0], [[0] * 5]):
        with pytest.raises(ValueError, match='dist is .*14 finite numbers'):
            inferencer(image, dist=bad)
    assert len(inferencer(image, boxes=[[-20, 100, 60, 90]], dist=[0.1, 0, 0, 0])) == 1
    with pytest.raises(ValueError, match='K has the focal lengths fx = 0.8, .*in pixels of this'):
        inferencer(image, [[0.8, 0, 0.5], [0, 1.1, 0.5], [0, 0, 1]])
    with pytest.raises(ValueError, match='an image is'):
        inferencer(image[..., 0])
    assert inferencer(image, boxes=[]) == []
    with pytest.raises(ValueError, match='Heatmap2p5DHead'):
        Pose3DInferencer(
            without_weights(
                Config.fromfile(
                    osp.join(
                        ROOT,
                        'configs/semi_supervised/synthetic/'
                        'supervised_lite0_synthetic-64x64_60-images.py',
                    )
                )
            )
        )


def test_frames_of_files(tmp_path, image):
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    ((index, read),) = read_frames(str(tmp_path / 'a.png'))
    assert index == 0 and (read == image).all()
    video = str(tmp_path / 'a.avi')
    writer = cv2.VideoWriter(video, cv2.VideoWriter_fourcc(*'MJPG'), 10, (160, 120))
    for _ in range(7):
        writer.write(image)
    writer.release()
    assert [i for i, _ in read_frames(video, step=3)] == [0, 3, 6]
    assert [i for i, _ in read_frames(video, limit=2)] == [0, 1]
    for wrong in (dict(step=0), dict(limit=0)):
        with pytest.raises(ValueError, match='step and limit are at least 1'):
            list(read_frames(video, **wrong))
    for path in ('none.png', 'none.avi'):
        with pytest.raises(ValueError, match=f'{path}: no such'):
            list(read_frames(str(tmp_path / path)))


def test_frames_are_turned_as_a_player_shows_them(tmp_path):
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:24, :32] = 250
    write_mp4(tmp_path / 'a.mp4', 2 * [frame], rotation=90)
    read = [image for _, image in read_frames(str(tmp_path / 'a.mp4'))]
    assert [image.shape for image in read] == 2 * [(64, 48, 3)]
    assert np.abs(read[0].astype(int) - np.rot90(frame, -1)).mean() < 5


def test_weights_of_a_network_and_of_the_model_around_it(tmp_path, inferencer):
    model, path = inferencer.model, str(tmp_path / 'w.pth')
    kept = {k: v.clone() for k, v in model.state_dict().items()}
    name = 'head.final_layer.bias'
    for whole in (True, False):
        source = kept if whole else {k[len('network.') :]: v for k, v in kept.items()}
        torch.save(dict(state_dict=source), path)
        for target in (model, model.network):
            with torch.no_grad():
                model.network.head.final_layer.bias.fill_(9.0)
            load_weights(target, path)
            assert (
                target.state_dict()[f'network.{name}' if target is model else name]
                == kept[f'network.{name}']
            ).all()
    del source[name]
    torch.save(dict(state_dict=source), path)
    with pytest.raises(
        ValueError, match='w.pth holds the weights of another model.*final_layer.bias'
    ):
        load_weights(model, path)
