"""The estimator against MMPose's own inference of single images."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model

from mmpose_al.prediction.boxes import Box
from mmpose_al.prediction.estimator import Estimator
from tests.test_prediction.models import JOINTS, config, trained


@pytest.fixture
def image():
    return np.random.RandomState(3).randint(0, 255, (48, 64, 3), np.uint8)


BOXES = [Box(0, [0, 0, 64, 48], 1.0), Box(1, [10, 5, 30, 40], 1.0), Box(2, [-4, 20, 50, 20], 1.0)]


@pytest.mark.parametrize('students', [False, True])
def test_it_says_what_mmpose_says(tmp_path, image, students):
    folder = trained(tmp_path / 'run', students)
    path, weights = str(folder / 'tiny.py'), str(folder / 'iter_9.pth')
    estimator = Estimator(Config.fromfile(path), weights)
    assert estimator.skeleton == (JOINTS, [(0, 3)])
    keypoints, scores = estimator(estimator.prepare(image, BOXES))
    model = init_model(Config.fromfile(path), weights, device='cpu', cfg_options={})
    corners = np.array([[x, y, x + w, y + h] for _, (x, y, w, h), _ in BOXES], float)
    expected = inference_topdown(model, image, corners)
    for row, sample in enumerate(expected):
        found = sample.pred_instances
        np.testing.assert_allclose(keypoints[row], found.keypoints[0], atol=1e-4)
        np.testing.assert_allclose(scores[row], found.keypoint_scores[0], atol=1e-6)


def test_a_project_that_was_moved_predicts(tmp_path):
    """The config of its training names the joints' file where that was; the weights know them."""
    weights = str(trained(tmp_path / 'run') / 'iter_9.pth')
    content = torch.load(weights, weights_only=True)
    meta = dict(keypoint_id2name=dict(enumerate('abcd')), skeleton_links=[(0, 1)])
    torch.save(dict(content, meta=dict(dataset_meta=meta)), weights)
    cfg = config()
    cfg.test_dataloader.dataset.metainfo = dict(from_file=str(tmp_path / 'gone' / 'metainfo.py'))
    assert Estimator(cfg, weights).skeleton == (['a', 'b', 'c', 'd'], [(0, 1)])


def test_one_student_alone(tmp_path, image):
    folder = trained(tmp_path / 'run', students=True)
    weights = str(folder / 'iter_9.pth')
    whole = Estimator(config(students=True), weights)
    samples = whole.prepare(image, BOXES[:1])
    alone = [Estimator(config(students=True), weights, network=n) for n in ('0', '1')]
    heatmaps = [
        each.model.forward(
            whole.model.data_preprocessor(
                dict(inputs=[samples[0]['inputs']], data_samples=[samples[0]['data_samples']])
            )['inputs']
        )
        for each in (*alone, whole)
    ]
    assert not np.allclose(heatmaps[0].detach(), heatmaps[1].detach())
    np.testing.assert_allclose(
        (heatmaps[0] + heatmaps[1]).detach() / 2, heatmaps[2].detach(), atol=1e-6
    )
    first = alone[0](samples)[1]
    np.testing.assert_allclose(first[0], heatmaps[0][0].detach().amax((1, 2)), atol=1e-6)


def test_a_network_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match='a single network, which --network 1 cannot'):
        Estimator(config(), None, network='1')
    with pytest.raises(ValueError, match="'ensemble', 'teacher' or the number of a student"):
        Estimator(config(students=True), None, network='best')
    with pytest.raises(ValueError, match='is one of'):
        Estimator(config(students=True), None, network='2')


def test_a_pipeline_without_boxes_is_refused():
    content = config()
    content.test_dataloader.dataset.pipeline = [dict(type='LoadImage')]
    with pytest.raises(ValueError, match='takes no boxes'):
        Estimator(content, None)
