"""The pass over the pool says what tools/test.py would write."""

import copy
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmpose.registry import MODELS

from tests.views_3d import dataset, network


@pytest.mark.parametrize('wrapped', [False, True])
def test_the_pool_is_scored_with_the_poses_that_the_model_predicts(tiny, wrapped):
    """ViewDisagreement3D sees what tools/test.py would write."""
    from mmengine.dataset import pseudo_collate

    from mmpose_al.active_learning.scoring import score_pool
    from mmpose_al.active_learning.statistics import load_views, save_views

    torch.manual_seed(0)
    config = network(limbs=[[5, 11], [11, 13]], mean_lengths=[500.0, 420.0])
    if wrapped:
        config = dict(type='WeaklySupervisedPose3D', network=config, num_views=2)
    model = MODELS.build(ConfigDict(config)).eval()
    data = dataset(tiny)
    batch = pseudo_collate([data[i] for i in range(4)])
    views = score_pool(model, [copy.deepcopy(batch)], 'frames', ('keypoints_3d',))
    with torch.no_grad():
        samples = model.test_step(batch)
    assert views.keypoints_3d.shape == (4, 17, 3)
    order = {int(i): row for row, i in enumerate(views.id)}
    for sample in samples:
        row, found = order[int(sample.metainfo['id'])], sample.pred_instances
        np.testing.assert_allclose(
            views.keypoints_3d[row], found.keypoints_3d[0], rtol=1e-4, atol=1e-2
        )
        np.testing.assert_allclose(views.keypoints[row], found.keypoints[0], atol=1e-2)
        np.testing.assert_allclose(views.scores[row], found.keypoint_scores[0], atol=1e-5)
    path = osp.join(tiny, 'scores.npz')
    save_views(views, path)
    np.testing.assert_array_equal(load_views(path).keypoints_3d, views.keypoints_3d)
