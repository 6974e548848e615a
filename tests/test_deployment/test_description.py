"""What a file tells of itself."""

import json

import pytest
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import KEYPOINT_CODECS

from mmpose_al.deployment.description import codec_of, crop_of, describe, entries, named
from mmpose_al.deployment.network import NORMALIZED, DeployedNetwork
from tests.helpers import student
from tests.test_deployment.test_network import MEAN, STD, UNEQUAL, built
from tests.test_models.test_semi.keypoint_heads import HEATMAPS, rtmpose
from tests.test_prediction.models import JOINTS, METAINFO, config


def described(model, takes='pixels'):
    joints = parse_pose_metainfo(METAINFO)
    return describe(DeployedNetwork(model, takes), model, config(), joints)


def test_a_file_tells_how_to_use_it():
    known = described(built(rtmpose(), data_preprocessor=UNEQUAL))
    assert known['model'] == 'TopdownPoseEstimator' and known['input_size'] == [32, 48]
    assert known['input'] == 'pixels' and known['channels'] == 'BGR'
    assert 'mean' not in known and known['outputs'] == ['simcc_x', 'simcc_y']
    assert known['codec']['type'] == 'SimCCLabel' and known['codec']['simcc_split_ratio'] == 2.0
    assert known['codec']['sigma'] == [2.0, 2.5]
    assert known['keypoints'] == JOINTS and known['flip_indices'] == [0, 2, 1, 3]
    assert known['skeleton'] == [[0, 3]]
    kept = {key: json.loads(text) for key, text in entries(known).items()}
    assert kept == known


def test_who_normalises_is_told_the_order_of_channels():
    known = described(built(student(), data_preprocessor=UNEQUAL), NORMALIZED)
    assert (known['channels'], known['mean'], known['std']) == ('RGB', MEAN, STD)
    straight = dict(UNEQUAL, bgr_to_rgb=False)
    assert described(built(student(), data_preprocessor=straight), NORMALIZED)['channels'] == 'BGR'


@pytest.mark.parametrize(
    'more, name',
    [
        (dict(type='PoseDual'), 'PoseDual, mean of student 0 and student 1'),
        (dict(type='PoseDual', test_cfg=dict(predict=1)), 'PoseDual, student 1'),
        (dict(type='MeanTeacherPose'), 'MeanTeacherPose, teacher'),
    ],
)
def test_the_networks_that_predict_are_named(more, name):
    assert named(built(dict(students=student(), **more))) == name


def test_the_crop_is_that_of_the_pipeline():
    content = config()
    assert crop_of(content) == dict(padding=1.25, use_udp=False)
    steps = content.test_dataloader.dataset.pipeline
    steps[1].padding, steps[2].use_udp = 1.1, True
    assert crop_of(Config(content.to_dict())) == dict(padding=1.1, use_udp=True)


def test_a_codec_in_a_codec_is_told_too():
    known = codec_of(
        KEYPOINT_CODECS.build(dict(type='IntegralRegressionLabel', sigma=1.0, **HEATMAPS))
    )
    assert known['type'] == 'IntegralRegressionLabel'
    assert known['heatmap_codec']['type'] == 'MSRAHeatmap'
    assert known['heatmap_codec']['scale_factor'].tolist() == [4.0, 4.0]
