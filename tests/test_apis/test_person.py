"""The pose of one person, by a 2D and by a 3D config, with random networks."""

import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from mmpose_al.apis.person import predict_person
from tests.helpers import PREPROCESSOR, student
from tests.test_apis.networks import CONFIGS
from tests.test_configs.test_configs import without_weights


@pytest.fixture
def config_2d():
    return Config(
        dict(
            default_scope='mmpose',
            model=dict(type='PoseDual', students=student(17), data_preprocessor=PREPROCESSOR),
            test_dataloader=dict(
                dataset=dict(
                    type='CocoDataset',
                    pipeline=[
                        dict(type='LoadImage'),
                        dict(type='GetBBoxCenterScale'),
                        dict(type='TopdownAffine', input_size=(32, 48)),
                        dict(type='PackPoseInputs'),
                    ],
                )
            ),
        )
    )


def saved(model, tmp_path):
    path = str(tmp_path / 'w.pth')
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def test_a_2d_config_predicts_with_its_ensemble(config_2d, image, tmp_path):
    torch.manual_seed(0)
    checkpoint = saved(MODELS.build(config_2d.model), tmp_path)
    keypoints, scores, links = predict_person(image, config_2d, checkpoint)
    assert keypoints.shape == (17, 2) and scores.shape == (17,)
    assert (15, 13) in [tuple(link) for link in links]
    # another box is another crop, and the pose lies in it
    box = (20, 30, 40, 60)
    other, _, _ = predict_person(image, config_2d, checkpoint, box)
    assert not np.allclose(other, keypoints)
    assert (other > np.array([20, 30]) - 20).all() and (other < np.array([60, 90]) + 20).all()


def test_a_3d_config_gives_its_pixels(inferencer, image, tmp_path):
    checkpoint = saved(inferencer.model.network, tmp_path)
    config = Config.fromfile(osp.join(CONFIGS, 'ws_lite0_synthetic-64x64.py'))
    without_weights(config.model)
    keypoints, scores, links = predict_person(image, config, checkpoint, (20, 10, 60, 90))
    [person] = inferencer(image, boxes=[(20, 10, 60, 90)])
    np.testing.assert_allclose(keypoints, person['keypoints'], atol=1e-3)
    np.testing.assert_allclose(scores, person['scores'], atol=1e-5)
    assert links == inferencer.links
