"""JointEPE by hand."""

import numpy as np
import pytest
from mmpose.registry import METRICS

import mmpose_al.evaluation  # noqa: F401

META = dict(keypoint_id2name={0: 'head', 1: 'spine', 2: 'foot'})


def measured(**kwargs):
    metric = METRICS.build(dict(type='JointEPE', **kwargs))
    metric.dataset_meta = META
    errors = np.array([[3.0, 100.0, 5.0], [7.0, 100.0, 11.0]])
    samples = [
        dict(
            pred_instances=dict(keypoints=np.stack([row, np.zeros(3)], -1)[None]),
            gt_instances=dict(keypoints=np.zeros((1, 3, 2)), keypoints_visible=np.array([seen])),
        )
        for row, seen in zip(errors, ([1, 1, 1], [1, 1, 0]))
    ]
    metric.process({}, samples)
    return metric.evaluate(2)


def test_named_joints_count():
    # the second foot is not seen
    assert measured(joints=['foot', 'head'])['EPE'] == pytest.approx((3 + 5 + 7) / 3)
    assert measured()['EPE'] == pytest.approx((3 + 5 + 7 + 200) / 5)
    with pytest.raises(ValueError, match="JointEPE: the data set has no joint 'hand'"):
        measured(joints=['hand'])
