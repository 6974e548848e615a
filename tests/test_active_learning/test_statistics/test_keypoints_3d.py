"""3D poses of single views, of a model that has them."""

import numpy as np
import torch

from mmpose_al.active_learning.scoring import score_batch
from mmpose_al.active_learning.statistics import Keypoints3D, chosen_statistics
from mmpose_al.active_learning.statistics.batch import Networks
from tests.test_active_learning.test_statistics.batches import (
    change,
    deep,
    dual,
    make_batch,
    make_samples,
    plain,
)


def test_what_a_model_lacks():
    lacks = Keypoints3D().lacks
    assert lacks(Networks(deep())) == ''
    for model in (plain(), dual()):
        assert lacks(Networks(model)).endswith('but the head is a HeatmapHead')


def test_as_the_head_predicts_them():
    K = np.array([[80.0, 0, 32], [0, 80, 48], [0, 0, 1]], np.float32)
    batch = make_batch(deep(), change(make_samples(), input_K=K, input_dist=np.zeros(5)))
    with torch.no_grad():
        found = Keypoints3D().compute(batch)
        assert torch.equal(
            found.isnan(), batch.networks.first.head.points(batch.pose, batch.samples).isnan()
        )
    assert found.shape == (3, 17, 3)


def test_without_intrinsics_they_are_missing():
    chosen = {'keypoints_3d': chosen_statistics()['keypoints_3d']}
    views = score_batch(make_batch(deep()), chosen)
    assert views.keypoints_3d.shape == (3, 17, 3) and np.isnan(views.keypoints_3d).all()
