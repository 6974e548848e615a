"""Predicted poses and their evaluation, for tests by hand."""

import numpy as np
from mmpose.registry import METRICS

import mmpose_al.evaluation  # noqa: F401

META = dict(keypoint_id2name={0: 'left_hip', 1: 'right_shoulder', 2: 'nose'})


def sample(predicted, visible=(1, 1, 1), box=(0, 0, 20, 40), **more):
    truth = np.array([[[0.0, 0], [6, 8], [20, 20]]])
    result = dict(
        gt_instances=dict(
            keypoints=truth, keypoints_visible=np.array([visible]), bboxes=np.array([box], float)
        ),
        pred_instances=dict(keypoints=truth + np.asarray(predicted)[None]),
    )
    for name, offset in more.items():
        result[f'pred_instances_{name}'] = dict(keypoints=truth + offset)
    return result


def evaluate(metric, batch):
    metric = METRICS.build(metric)
    metric.dataset_meta = META
    metric.process(None, batch)
    return metric.evaluate(len(batch))
