"""JointPCK by hand."""

import numpy as np
import pytest
from mmpose.registry import METRICS

from tests.test_evaluation.poses import evaluate, sample


def test_torso_and_box_by_hand():
    # torso length 10: radius 2 at 0.2; longer side 40: radius 4 at 0.1
    shifts = [[0, 0], [0, 1.9], [3, 0]]
    torso = evaluate(dict(type='JointPCK', thr=0.2, norm='torso'), [sample(shifts)])
    assert torso == {'pck/torso@0.2': pytest.approx(100 * 2 / 3)}
    box = evaluate(dict(type='JointPCK', thr=0.1), [sample(shifts)])
    assert box == {'pck/bbox@0.1': pytest.approx(100)}


def test_mean_runs_over_joints_and_invisible_ones_do_not_count():
    batch = [
        sample([[0, 0], [0, 0], [9, 9]]),
        sample([[9, 9], [0, 0], [0, 0]], visible=(1, 1, 0)),
        sample([[0, 0], [0, 0], [0, 0]], visible=(0, 1, 1)),
    ]
    box = evaluate(dict(type='JointPCK', thr=0.1, per_joint=True), batch)
    assert box['pck/bbox@0.1/left_hip'] == pytest.approx(50)  # right, wrong, -
    assert box['pck/bbox@0.1/nose'] == pytest.approx(50)  # wrong, -, right
    assert box['pck/bbox@0.1'] == pytest.approx((50 + 100 + 50) / 3)
    # without a visible torso the third image has no length
    torso = evaluate(dict(type='JointPCK', thr=0.2, norm='torso', per_joint=True), batch)
    assert torso['pck/torso@0.2/nose'] == pytest.approx(0)


def test_actions_by_hand():
    far = [[9, 9]] * 3
    batch = [
        dict(sample(np.zeros((3, 2))), action='standing'),
        dict(sample(far, visible=(1, 1, 0)), action='standing'),
        dict(sample(far), action='sitting'),
        sample(far),
    ]
    values = evaluate(dict(type='JointPCK', thr=0.1, per_action=True), batch)
    assert values == {
        'pck/bbox@0.1': pytest.approx(100 * (1 / 4 + 1 / 4 + 1 / 3) / 3),
        'pck/bbox@0.1/action/sitting': pytest.approx(0),
        'pck/bbox@0.1/action/standing': pytest.approx(100 * (1 / 2 + 1 / 2 + 1) / 3),
    }


def test_what_nothing_counts_for_is_not_wrong():
    """An action whose one image shows no torso; a set without a visible joint."""
    exact = np.zeros((3, 2))
    batch = [
        dict(sample(exact), action='standing'),
        dict(sample(exact, visible=(0, 1, 1)), action='sitting'),
    ]
    torso = dict(type='JointPCK', thr=0.2, norm='torso', per_action=True)
    assert evaluate(torso, batch) == {
        'pck/torso@0.2': pytest.approx(100),
        'pck/torso@0.2/action/standing': pytest.approx(100),
    }
    (nothing,) = evaluate(torso, batch[1:]).values()
    assert np.isnan(nothing)


def head_sample(predicted, head_size, joints=16, visible=None):
    truth = np.full((1, joints, 2), 50.0)
    visible = np.ones((1, joints)) if visible is None else visible
    return dict(
        gt_instances=dict(
            keypoints=truth, keypoints_visible=visible, head_size=np.array([[head_size]])
        ),
        pred_instances=dict(keypoints=truth + np.asarray(predicted)),
    )


def test_head_by_hand():
    """Half a head is 5 pixels in one image and 10 in the other."""
    batch = [
        head_sample([[4.9, 0], [0, 5.1], [0, 0]], 10, 3),
        head_sample([[9.9, 0], [0, 9.9], [8, 8]], 20, 3),
    ]
    values = evaluate(dict(type='JointPCK', norm='head', thr=0.5, per_joint=True), batch)
    assert values == {
        'pck/head@0.5': pytest.approx(100 * (1 + 0.5 + 0.5) / 3),
        'pck/head@0.5/left_hip': pytest.approx(100),
        'pck/head@0.5/right_shoulder': pytest.approx(50),
        'pck/head@0.5/nose': pytest.approx(50),
    }


def test_head_agrees_with_mmpose_where_that_is_right():
    """MpiiPCKAccuracy on predictions without the pixel that it adds."""
    random = np.random.RandomState(0)
    visible = (random.rand(20, 1, 16) < 0.8).astype(float)
    batch = [
        head_sample(random.normal(0, 12, (16, 2)), random.uniform(10, 40), 16, v) for v in visible
    ]
    names = [
        'right_ankle',
        'right_knee',
        'right_hip',
        'left_hip',
        'left_knee',
        'left_ankle',
        'pelvis',
        'thorax',
        'upper_neck',
        'head_top',
        'right_wrist',
        'right_elbow',
        'right_shoulder',
        'left_shoulder',
        'left_elbow',
        'left_wrist',
    ]
    ours = METRICS.build(
        dict(type='JointPCK', norm='head', thr=0.5, per_joint=True, meta_joints=True)
    )
    ours.dataset_meta = dict(keypoint_id2name=dict(enumerate(names)))
    ours.process(None, batch)
    ours = ours.evaluate(20)
    for entry in batch:
        entry['pred_instances']['keypoints'] -= 1
    theirs = evaluate(dict(type='MpiiPCKAccuracy'), batch)
    for joint in ('head', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'):
        assert ours[f'pck/head@0.5/{joint}'] == pytest.approx(theirs[f'{joint.title()} PCK'])


def test_meta_joints_by_hand():
    names = {0: 'left_hip', 1: 'right_hip', 2: 'nose', 3: 'left_ear'}
    truth = np.zeros((1, 4, 2))
    batch = [
        dict(
            gt_instances=dict(
                keypoints=truth,
                bboxes=np.array([[0.0, 0, 10, 10]]),
                keypoints_visible=np.array([visible]),
            ),
            pred_instances=dict(keypoints=truth + np.array(error)[None, :, None]),
        )
        for error, visible in [
            ([0, 9, 0, 9], (1, 1, 1, 1)),
            ([0, 9, 0, 9], (1, 1, 1, 0)),
            ([0, 0, 0, 0], (1, 1, 1, 0)),
        ]
    ]
    metric = METRICS.build(dict(type='JointPCK', per_joint=True, meta_joints=True))
    metric.dataset_meta = dict(keypoint_id2name=names)
    metric.process(None, batch)
    # hips 100 % and 33 %, nose 100 %, ear 0 % of one image: means of joints, not images
    assert metric.evaluate(3) == {
        'pck/bbox@0.1': pytest.approx(100 * (1 + 1 / 3 + 1 + 0) / 4),
        'pck/bbox@0.1/hip': pytest.approx(100 * (1 + 1 / 3) / 2),
        'pck/bbox@0.1/head': pytest.approx(50),
    }


def test_joint_pck_errors():
    with pytest.raises(ValueError, match='norm'):
        METRICS.build(dict(type='JointPCK', norm='hand'))
    with pytest.raises(ValueError, match='per_joint=True'):
        METRICS.build(dict(type='JointPCK', meta_joints=True))
    with pytest.raises(ValueError, match='no head sizes; set headbox_file'):
        evaluate(dict(type='JointPCK', norm='head'), [sample(np.zeros((3, 2)))])
    with pytest.raises(ValueError, match="no joint 'neck'"):
        evaluate(
            dict(type='JointPCK', norm='torso', torso=('neck', 'nose')), [sample(np.zeros((3, 2)))]
        )
