"""Weights of labels: from the file, through flips, codecs and mappings, into the loss."""

import json

import numpy as np
import pytest
import torch
from mmpose.registry import DATASETS, MODELS, TRANSFORMS

from mmpose_al.datasets.transforms.label_weights import LabelWeights, weigh_labels
from tests.test_datasets.annotations import META, multiview_data

CODEC = dict(type='MSRAHeatmap', input_size=(32, 32), heatmap_size=(16, 16), sigma=1.0)
TARGET = dict(type='GenerateTarget', encoder=CODEC)
WEIGHTS = [0.25, 1.0, 0.5]  # joint 2 is not labelled


def picture(info):
    return dict(info, img=np.zeros((32, 32, 3), np.uint8), img_shape=(32, 32))


def source(tmp_path, weights=WEIGHTS, name='a.json', **changed):
    """The first person of a small file, with weights."""
    data = multiview_data()
    data['annotations'] = data['annotations'][:1]
    data['annotations'][0]['keypoints'] = [8, 6, 2, 20, 10, 1, 0, 0, 0]
    if weights is not None:
        data['annotations'][0]['keypoint_weights'] = weights
    path = tmp_path / name
    path.write_text(json.dumps(data))
    return dict(type='MultiViewCocoDataset', ann_file=str(path), metainfo=META, **changed)


def whole(*steps):
    return [picture, *steps, TARGET, dict(type='PackPoseInputs')]


def labels(data):
    return data['data_samples'].gt_instance_labels.keypoint_weights.tolist()


def test_weights_multiply_what_the_codec_gives(tmp_path):
    """A weight below a half, too, has its heatmap: MMPose's codecs read v alone."""
    alone = DATASETS.build(source(tmp_path, pipeline=whole()))[0]
    plain = DATASETS.build(source(tmp_path, None, pipeline=whole()))[0]
    assert labels(plain) == [[1, 1, 0]] and labels(alone) == [[0.25, 1, 0]]
    heatmaps = [each['data_samples'].gt_fields.heatmaps for each in (alone, plain)]
    assert torch.equal(*heatmaps) and heatmaps[0][0].max() == 1
    sample = alone['data_samples']
    assert sample.gt_instances.keypoints_visible.shape == (1, 3)
    assert 'keypoints_visible_weights' not in sample.gt_instance_labels


def test_around_sources_with_and_without_weights(tmp_path):
    both = [source(tmp_path, pipeline=[]), source(tmp_path, None, 'b.json', pipeline=[])]
    dataset = DATASETS.build(
        dict(type='LabeledUnlabeledDataset', labeled=both, pipeline=whole(), check_images=False)
    )
    assert [labels(dataset[i]) for i in (0, 1)] == [[[0.25, 1, 0]], [[1, 1, 0]]]


def test_a_flip_takes_the_weight_along(tmp_path):
    meta = dict(META, keypoint_info={**META['keypoint_info']})
    swapped = {i: dict(info) for i, info in meta['keypoint_info'].items()}
    first, second = swapped[0], swapped[1]
    first['swap'], second['swap'] = second['name'], first['name']
    flip = dict(type='RandomFlip', prob=1.0)
    config = dict(
        source(tmp_path, pipeline=whole(flip)), metainfo=dict(meta, keypoint_info=swapped)
    )
    assert labels(DATASETS.build(config)[0]) == [[1, 0.25, 0]]


def test_other_codecs_and_several(tmp_path):
    simcc = dict(type='SimCCLabel', input_size=(32, 32), sigma=2.0)
    regression = dict(type='RegressionLabel', input_size=(32, 32))
    for encoder in (simcc, regression):
        steps = [picture, dict(type='GenerateTarget', encoder=encoder), dict(type='PackPoseInputs')]
        assert labels(DATASETS.build(source(tmp_path, pipeline=steps))[0]) == [[0.25, 1, 0]]
    given = dict(weighted_labels=True, keypoints_visible_weights=np.array([WEIGHTS]))
    own = np.float32([[1, 0.5, 0]])
    made = LabelWeights()(dict(given, keypoint_weights=[own, own[..., None]]))['keypoint_weights']
    assert [each.tolist() for each in made] == [[[0.25, 0.5, 0]], [[[0.25], [0.5], [0]]]]


def test_the_loss_of_a_joint_is_multiplied(tmp_path):
    """KeypointMSELoss of a prediction of zeros, by hand."""
    sample = DATASETS.build(source(tmp_path, pipeline=whole()))[0]['data_samples']
    target = sample.gt_fields.heatmaps[None]
    weights = sample.gt_instance_labels.keypoint_weights
    loss = MODELS.build(dict(type='KeypointMSELoss', use_target_weight=True))
    each = (target**2).mean((-1, -2))[0]
    found = loss(torch.zeros_like(target), target, weights)
    assert found == pytest.approx(float((0.25 * each[0] + each[1]) / 3), rel=1e-5)


def test_joints_of_another_skeleton(tmp_path):
    target = dict(
        META,
        dataset_name='other',
        keypoint_info={
            i: dict(info, id=i)
            for i, info in enumerate([dict(META['keypoint_info'][j]) for j in (1, 0, 2)])
        },
    )
    mapping = dict(type='MapKeypoints', source=META, target=target)
    made = DATASETS.build(source(tmp_path, pipeline=whole(mapping)))[0]
    assert labels(made) == [[1, 0.25, 0]]


def test_weights_that_no_target_gets_are_refused(tmp_path):
    config = dict(
        type='LabeledUnlabeledDataset',
        labeled=source(tmp_path, pipeline=[]),
        pipeline=[picture, dict(type='PackPoseInputs')],
        check_images=False,
    )
    with pytest.raises(ValueError, match='a.json: its labels have keypoint_weights, and no Gen'):
        DATASETS.build(config)


def test_evaluation_reads_labels_without_weights(tmp_path):
    dataset = DATASETS.build(source(tmp_path, pipeline=[], test_mode=True))
    assert dataset.get_data_info(0)['keypoints_visible'].tolist() == [[1, 1, 0]]


def test_it_stands_behind_each_target_once():
    other, target = TRANSFORMS.build(dict(type='RandomFlip')), TRANSFORMS.build(TARGET)
    steps = [other, target]
    assert weigh_labels(steps) and weigh_labels(steps)
    assert [type(step) for step in steps] == [type(other), type(target), LabelWeights]
    assert repr(steps[2]) == 'LabelWeights()' and not weigh_labels([other])
    assert steps[2](dict(keypoint_weights=3)) == dict(keypoint_weights=3)
