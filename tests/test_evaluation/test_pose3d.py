"""3D pose metrics by hand, and against MMPose's functions."""

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.evaluation.functional import keypoint_mpjpe
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmpose_al.evaluation import pose3d

NAMES = ['root', 'knee', 'head', 'hand']
TRUTH = np.array([[0.0, 0, 0], [0, 300, 0], [0, -400, 0], [0, 0, 500]])
# Joint errors by hand: root 0, knee 30 off, head exact, hand 200 off.
SHIFT = np.array([[0.0, 0, 0], [30, 0, 0], [0, 0, 0], [0, 200, 0]])


def sample(predicted, truth=TRUTH, known=(1, 1, 1, 1), offset=(10, 20, 3000), **more):
    """MMPose's fields; truth and prediction stand at different places."""
    return dict(
        pred_instances=dict(keypoints=(np.asarray(predicted) + offset)[None]),
        gt_instances=dict(
            lifting_target=(truth + [5.0, 5, 2000])[None],
            lifting_target_visible=np.array(known, float)[None],
        ),
        **more,
    )


def evaluate(batch, names=NAMES, **options):
    metric = METRICS.build(dict(type='PCK3D', **options))
    metric.dataset_meta = dict(keypoint_id2name=dict(enumerate(names)))
    metric.process(None, batch)
    report = metric.evaluate(len(batch))
    assert all(name.startswith('pose3d/') for name in report)
    return {name[len('pose3d/') :]: value for name, value in report.items()}


def turn(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def test_by_hand():
    report = evaluate([sample(TRUTH + SHIFT)], per_joint=True)
    assert report['MPJPE'] == pytest.approx((0 + 30 + 0 + 200) / 4)
    assert [report[f'MPJPE/joint/{n}'] for n in NAMES] == pytest.approx([0, 30, 0, 200])
    assert report['PCK'] == 75 and report['PCK/joint/hand'] == 0
    # Radii 0, 5, ..., 150: root and head are below 30 of 31, the knee (30) below those
    # from 35 on, 24; the hand below none.
    assert report['AUC'] == pytest.approx(100 * (30 + 24 + 30 + 0) / 31 / 4)
    assert report['AUC/joint/knee'] == pytest.approx(100 * 24 / 31)
    # s = <p, g> / <p, p>: p.g = 300^2 + 400^2 + 500^2, p.p = p.g + 30^2 + 200^2
    s = 500000 / (500000 + 900 + 40000)
    scaled = np.linalg.norm(s * (TRUTH + SHIFT) - TRUTH, axis=1)
    assert report['N-MPJPE'] == pytest.approx(scaled.mean())
    assert report['N-PCK'] == 75
    assert report['failed'] == 0


def test_scale_and_rotation_are_taken_out_where_the_name_says_so():
    half = evaluate([sample(0.5 * TRUTH)])
    assert half['MPJPE'] == pytest.approx((0 + 150 + 200 + 250) / 4)
    assert half['N-MPJPE'] == pytest.approx(0, abs=1e-9)
    assert half['PCK'] == 25 and half['N-PCK'] == 100  # 150 is not below 150
    turned = evaluate([sample(0.5 * TRUTH @ turn(90).T)])
    assert turned['N-MPJPE'] > 100
    assert turned['P-MPJPE'] == pytest.approx(0, abs=1e-9)


def test_procrustes_never_mirrors():
    truth = np.array([[0.0, 0, 0], [300, 0, 0], [0, 300, 0], [0, 0, 300]])
    report = evaluate([sample(truth * [-1, 1, 1], truth)])
    assert report['P-MPJPE'] > 50


def test_unknown_joints_take_no_part_in_the_alignment():
    truth = TRUTH.copy()
    truth[3] = [-5, -5, -2000]  # unknown joints stand at the origin: (0, 0, 0)
    report = evaluate([sample(0.5 * TRUTH, truth, known=(1, 1, 1, 0))])
    assert report['N-MPJPE'] == pytest.approx(0, abs=1e-9)
    assert report['P-MPJPE'] == pytest.approx(0, abs=1e-9)
    assert report['MPJPE'] == pytest.approx((0 + 150 + 200) / 3)
    # What MMPose's function says of it, which is why it is not used.
    for mode in ('scale', 'procrustes'):
        assert (
            keypoint_mpjpe(
                0.5 * TRUTH[None],
                (truth + [5, 5, 2000])[None] * 1.0,
                np.array([[1, 1, 1, 0]], bool),
                mode,
            )
            > 10
        )


def test_equals_mmpose_where_all_joints_are_known():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 300, (20, 17, 3))
    predicted = truth * 0.8 @ turn(25).T + rng.normal(0, 60, truth.shape)
    batch = [sample(p, t, [1] * 17) for p, t in zip(predicted, truth)]
    names = ['root'] + [str(i) for i in range(1, 17)]
    report = evaluate(batch, names)
    p, t = predicted - predicted[:, :1], truth - truth[:, :1]
    for name, mode in (('MPJPE', 'none'), ('N-MPJPE', 'scale'), ('P-MPJPE', 'procrustes')):
        theirs = keypoint_mpjpe(p, t, np.ones(t.shape[:2], bool), mode)
        assert report[name] == pytest.approx(theirs)
    distance = np.linalg.norm(p - t, axis=-1)
    slow = np.mean([(distance < radius).mean() for radius in range(0, 151, 5)])
    assert report['AUC'] == pytest.approx(100 * slow)
    assert report['PCK'] == pytest.approx(100 * (distance < 150).mean())


def test_actions_and_several_poses_a_sample():
    both = sample(TRUTH, action='sit')
    both['pred_instances']['keypoints'] = np.stack([TRUTH + 7.0, TRUTH + SHIFT])[
        None
    ]  # (1, T, K, 3), as MMPose's lifters
    both['gt_instances']['lifting_target'] = np.stack([TRUTH, TRUTH])[None]
    both['gt_instances']['lifting_target_visible'] = np.ones((1, 2, 4, 1))
    report = evaluate([both, sample(TRUTH + SHIFT, action='walk'), sample(TRUTH)], per_action=True)
    assert report['MPJPE/action/sit'] == pytest.approx(57.5 / 2)
    assert report['MPJPE/action/walk'] == pytest.approx(57.5)
    assert report['PCK/action/walk'] == 75
    assert report['MPJPE'] == pytest.approx((0 + 57.5 + 57.5 + 0) / 4)


def test_root_of_two_joints_and_chosen_joints():
    # The root is the mean of knee and head: (0, -50, 0); the prediction's (15, -50, 0).
    report = evaluate(
        [sample(TRUTH + SHIFT)], root=['knee', 'head'], joints=['head', 'hand'], per_joint=True
    )
    assert report['MPJPE/joint/head'] == pytest.approx(15)
    assert report['MPJPE/joint/hand'] == pytest.approx(np.hypot(15, 200))
    assert report['PCK'] == 50 and 'MPJPE/joint/knee' not in report
    # taken as they are, the offsets of the two places remain
    report = evaluate([sample(TRUTH)], root=None)
    assert report['MPJPE'] == pytest.approx(np.linalg.norm([5, 15, 1000]))


def test_metres():
    batch = [sample((TRUTH + SHIFT) / 1000)]
    batch[0]['gt_instances']['lifting_target'] /= 1000
    assert evaluate(batch, unit='m') == pytest.approx(evaluate([sample(TRUTH + SHIFT)]))


def test_joints_that_are_not_finite_are_missed():
    predicted = TRUTH + SHIFT
    predicted[1] = np.nan
    report = evaluate([sample(predicted)])
    assert report['failed'] == 25
    assert report['MPJPE'] == pytest.approx(200 / 3)
    assert report['PCK'] == 50 and report['AUC'] == pytest.approx(100 * 60 / 31 / 4)
    lost = evaluate([sample(np.full((4, 3), np.nan)), sample(TRUTH)])
    assert lost['failed'] == 50 and lost['PCK'] == 50 and lost['MPJPE'] == 0
    nothing = evaluate([sample(np.full((4, 3), np.nan))])
    assert nothing['PCK'] == 0 and np.isnan(nothing['P-MPJPE'])


def test_poses_without_a_known_root_do_not_count():
    batch = [sample(TRUTH + 50 * SHIFT, known=(0, 1, 1, 1)), sample(TRUTH)]
    assert evaluate(batch)['MPJPE'] == 0
    with pytest.raises(ValueError, match='known root'):
        evaluate(batch[:1])


def test_world_poses_of_the_multi_view_format():
    camera = dict(R=turn(90), t=np.array([0, 0, 4000.0]))
    pose = np.concatenate([TRUTH, np.ones((4, 1))], 1)
    pose[3] = 0  # unknown
    batch = [
        dict(
            id=1,
            pose_3d=pose,
            camera=camera,
            action='walk',
            pred_instances=dict(
                keypoints=np.zeros((1, 4, 2)), keypoints_3d=((TRUTH + SHIFT) @ turn(90).T)[None]
            ),
        )
    ]
    report = evaluate(batch)
    assert report['MPJPE'] == pytest.approx(30 / 3)
    # absolute, in camera coordinates: 4 m off
    assert evaluate(batch, root=None)['MPJPE'] == pytest.approx(
        (4000 + np.hypot(30, 4000) + 4000) / 3
    )


def test_in_an_evaluator_sharded_and_per_student():
    rng = np.random.default_rng(1)
    batch = []
    for index in range(9):
        source = sample(TRUTH + rng.normal(0, 50, (4, 3)))
        data = PoseDataSample(metainfo=dict(id=index))
        data.pred_instances = InstanceData(**source['pred_instances'])
        data.pred_instances_student0 = InstanceData(**source['pred_instances'])
        data.gt_instances = InstanceData(**source['gt_instances'])
        batch.append(data)
    evaluator = Evaluator(
        [dict(type='PCK3D'), dict(type='PerStudentMetric', metric=dict(type='PCK3D', prefix='s'))]
    )
    evaluator.dataset_meta = dict(keypoint_id2name=dict(enumerate(NAMES)))
    evaluator.process(batch[:4])
    evaluator.process(batch[4:])
    report = evaluator.evaluate(9)
    assert report['pose3d/MPJPE'] == report['s/MPJPE'] == report['student0/s/MPJPE'] > 0

    # Two ranks, as MMEngine merges them: in turn, cut to the size of the data set.
    dicts = [data.to_dict() for data in batch]
    padded = dicts + dicts[:1]
    parts = []
    for rank in range(2):
        metric = METRICS.build(dict(type='PCK3D'))
        metric.dataset_meta = evaluator.dataset_meta
        metric.process(None, padded[rank::2])
        parts.append(metric.results)
    merged = [result for pair in zip(*parts) for result in pair][:9]
    assert metric.compute_metrics(merged)['MPJPE'] == pytest.approx(report['pose3d/MPJPE'])


def test_errors():
    with pytest.raises(ValueError, match='unit'):
        METRICS.build(dict(type='PCK3D', unit='cm'))
    with pytest.raises(ValueError, match="no joint 'pelvis'.*'root'"):
        evaluate([sample(TRUTH)], root='pelvis')
    with pytest.raises(ValueError, match='4 joints.*names 3'):
        evaluate([sample(TRUTH)], NAMES[:3])
    with pytest.raises(ValueError, match='keypoints_3d'):
        evaluate([dict(sample(TRUTH), pred_instances=dict(keypoints=np.zeros((1, 4, 2))))])
    with pytest.raises(ValueError, match='id 3.*no 3D truth'):
        evaluate([dict(sample(TRUTH), gt_instances={}, id=3)])
    with pytest.raises(ValueError, match=r'\(1, 3, 3\) are predicted'):
        evaluate([dict(sample(TRUTH), pred_instances=dict(keypoints=np.zeros((1, 3, 3))))])


def test_area_under_curve_counts_radii_above():
    radii = np.array([0.0, 5, 10])
    values = pose3d.area_under_curve(np.array([0, 4.9, 5, 10, np.inf]), radii)
    assert values.tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3, 0, 0])
