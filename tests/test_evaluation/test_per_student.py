"""PerStudentMetric against the inner metric run alone."""

import copy
import json

import numpy as np
import pytest
from mmpose.registry import METRICS

from tests.test_evaluation.poses import evaluate, sample


def test_per_student_mean_ensemble_and_plain():
    wrong, right = np.full((1, 3, 2), 50.0), np.zeros((1, 3, 2))
    batch = [
        sample(np.zeros((3, 2)), student0=right, student1=wrong),
        sample(np.full((3, 2), 50.0), student0=right, student1=right),
    ]
    inner = dict(type='JointPCK', thr=0.1)
    report = evaluate(dict(type='PerStudentMetric', metric=inner), copy.deepcopy(batch))
    assert report == {
        'student0/pck/bbox@0.1': pytest.approx(100),
        'student1/pck/bbox@0.1': pytest.approx(50),
        'ensemble/pck/bbox@0.1': pytest.approx(50),
        'mean/pck/bbox@0.1': pytest.approx(75),
        'pck/bbox@0.1': pytest.approx(75),
    }
    plain = [sample(np.zeros((3, 2)))]
    assert evaluate(dict(type='PerStudentMetric', metric=inner), plain) == evaluate(inner, plain)


@pytest.mark.parametrize('wrapped', [False, True])
def test_each_students_files_are_its_own(tmp_path, wrapped):
    """What CocoMetric writes: joints at 1 by the ensemble, at 2 and 3 by students."""
    prefix = str(tmp_path / 'results')
    inner = dict(
        type='CocoMetric',
        format_only=True,
        score_mode='keypoint',
        nms_mode='none',
        outfile_prefix=prefix,
    )
    if wrapped:  # MMPose's own metric around a metric
        inner = dict(type='KeypointPartitionMetric', metric=inner, partitions=dict(all=[0, 1]))
    before = copy.deepcopy(inner)
    metric = METRICS.build(dict(type='PerStudentMetric', metric=inner))
    metric.dataset_meta = dict(
        dataset_name='two_joints', num_keypoints=2, sigmas=np.ones(2), CLASSES=[dict(id=1)]
    )

    def said(value):
        return dict(keypoints=np.full((1, 2, 2), value), keypoint_scores=np.ones((1, 2)))

    metric.process(
        None,
        [
            dict(
                id=1,
                img_id=7,
                ori_shape=(9, 9),
                raw_ann_info=dict(
                    id=1,
                    image_id=7,
                    category_id=1,
                    keypoints=[1, 1, 2] * 2,
                    num_keypoints=2,
                    bbox=[0, 0, 9, 9],
                    area=81,
                    iscrowd=0,
                ),
                gt_instances=dict(
                    keypoints=np.ones((1, 2, 2)),
                    keypoints_visible=np.ones((1, 2)),
                    bbox_scores=np.ones(1),
                ),
                pred_instances=said(1.0),
                pred_instances_student0=said(2.0),
                pred_instances_student1=said(3.0),
            )
        ],
    )
    metric.evaluate(1)
    end = '.all.keypoints.json' if wrapped else '.keypoints.json'
    for name, value in [('', 1), ('_student0', 2), ('_student1', 3)]:
        with open(prefix + name + end) as file:
            assert json.load(file)[0]['keypoints'] == [value, value, 1] * 2
    assert inner == before
