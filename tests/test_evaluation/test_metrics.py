"""JointPCK by hand; PerStudentMetric against the inner metric run alone."""
import copy

import numpy as np
import pytest

import mmpose_al  # noqa: F401
from mmpose.registry import METRICS

META = dict(keypoint_id2name={0: 'left_hip', 1: 'right_shoulder', 2: 'nose'})


def sample(predicted, visible=(1, 1, 1), box=(0, 0, 20, 40), **more):
    truth = np.array([[[0.0, 0], [6, 8], [20, 20]]])
    result = dict(
        gt_instances=dict(keypoints=truth, keypoints_visible=np.array([visible]),
                          bboxes=np.array([box], float)),
        pred_instances=dict(keypoints=truth + np.asarray(predicted)[None]))
    for name, offset in more.items():
        result[f'pred_instances_{name}'] = dict(keypoints=truth + offset)
    return result


def evaluate(metric, batch):
    metric = METRICS.build(metric)
    metric.dataset_meta = META
    metric.process(None, batch)
    return metric.evaluate(len(batch))


def test_torso_and_box_by_hand():
    # torso length 10: radius 2 at 0.2; longer side 40: radius 4 at 0.1
    shifts = [[0, 0], [0, 1.9], [3, 0]]
    torso = evaluate(dict(type='JointPCK', thr=0.2, norm='torso'), [sample(shifts)])
    assert torso == {'pck/torso@0.2': pytest.approx(100 * 2 / 3)}
    box = evaluate(dict(type='JointPCK', thr=0.1), [sample(shifts)])
    assert box == {'pck/bbox@0.1': pytest.approx(100)}


def test_mean_runs_over_joints_and_invisible_ones_do_not_count():
    batch = [sample([[0, 0], [0, 0], [9, 9]]),
             sample([[9, 9], [0, 0], [0, 0]], visible=(1, 1, 0)),
             sample([[0, 0], [0, 0], [0, 0]], visible=(0, 1, 1))]
    box = evaluate(dict(type='JointPCK', thr=0.1, per_joint=True), batch)
    assert box['pck/bbox@0.1/left_hip'] == pytest.approx(50)   # right, wrong, -
    assert box['pck/bbox@0.1/nose'] == pytest.approx(50)       # wrong, -, right
    assert box['pck/bbox@0.1'] == pytest.approx((50 + 100 + 50) / 3)
    # without a visible torso the third image has no length
    torso = evaluate(dict(type='JointPCK', thr=0.2, norm='torso', per_joint=True), batch)
    assert torso['pck/torso@0.2/nose'] == pytest.approx(0)


def test_joint_pck_errors():
    with pytest.raises(ValueError, match='norm'):
        METRICS.build(dict(type='JointPCK', norm='head'))
    with pytest.raises(ValueError, match="no joint 'neck'"):
        evaluate(dict(type='JointPCK', norm='torso', torso=('neck', 'nose')),
                 [sample(np.zeros((3, 2)))])


def test_per_student_mean_ensemble_and_plain():
    wrong, right = np.full((1, 3, 2), 50.0), np.zeros((1, 3, 2))
    batch = [sample(np.zeros((3, 2)), student0=right, student1=wrong),
             sample(np.full((3, 2), 50.0), student0=right, student1=right)]
    inner = dict(type='JointPCK', thr=0.1)
    report = evaluate(dict(type='PerStudentMetric', metric=inner), copy.deepcopy(batch))
    assert report == {
        'student0/pck/bbox@0.1': pytest.approx(100),
        'student1/pck/bbox@0.1': pytest.approx(50),
        'ensemble/pck/bbox@0.1': pytest.approx(50),
        'mean/pck/bbox@0.1': pytest.approx(75),
        'pck/bbox@0.1': pytest.approx(75)}
    plain = [sample(np.zeros((3, 2)))]
    assert evaluate(dict(type='PerStudentMetric', metric=inner), plain) == evaluate(
        inner, plain)
