"""MKPE on the synthetic benchmark, by hand, and over two processes."""

import copy
import json
import os
import subprocess
import sys
from datetime import timedelta

import cv2
import numpy as np
import pytest
import torch.distributed as dist
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS, METRICS, MODELS

from mmpose_al.evaluation import mkpe
from mmpose_al.synthetic import write_benchmark
from tests import ROOT

JOINTS = {0: 'head', 1: 'hand'}


def camera(name, angle, center=(0, 0, 0), focal=100.0):
    """A camera 1 m from ``center``, turned about the world's y axis."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    R = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    t = np.array([0, 0, 1000.0]) - R @ np.array(center, float)
    return dict(
        name=name,
        K=np.array([[focal, 0, 50], [0, focal, 40], [0, 0, 1.0]]),
        dist=np.zeros(0),
        R=R,
        t=t,
    )


CAMERAS = {i: camera(f'cam{i}', 40 * i) for i in range(4)}


def image_of(points, view):
    points = cv2.projectPoints(
        np.ascontiguousarray(points, float),
        cv2.Rodrigues(view['R'])[0],
        view['t'],
        view['K'],
        view['dist'] if len(view['dist']) else None,
    )[0]
    return points[:, 0]


def samples(truth, frame=1, cameras=CAMERAS, person=0, shift=(0, 0), **more):
    """Perfect predictions of points (K, 3) in every camera, moved by ``shift``."""
    truth = np.asarray(truth, float)
    pose = np.concatenate([truth, np.ones((len(truth), 1))], 1)
    return [
        dict(
            id=100 * frame + key,
            frame_id=frame,
            camera_id=key,
            person_id=person,
            camera=view,
            pose_3d=pose.copy(),
            **more,
            pred_instances=dict(
                keypoints=(image_of(truth, view) + shift)[None],
                keypoint_scores=np.ones((1, len(truth))),
            ),
        )
        for key, view in cameras.items()
    ]


def evaluate(batch, metric=None, size=None):
    metric = METRICS.build(dict(dict(type='MKPE'), **(metric or {})))
    metric.dataset_meta = dict(keypoint_id2name=JOINTS)
    metric.process(None, batch)
    return metric.evaluate(len(batch) if size is None else size)


TWO = [[10.0, 20, 30], [-40.0, 5, 0]]


# ------------------------------------------------------------------- by hand


def test_perfect_predictions_have_no_error():
    report = evaluate(samples(TWO))
    assert report['multiview/MKPE'] < 1e-6 and report['multiview/failed'] == 0
    assert set(report) == {'multiview/MKPE', 'multiview/failed', 'multiview/two_views'} | {
        f'multiview/residual/cam{i}/{axis}' for i in range(4) for axis in 'xy'
    }


def test_truth_elsewhere_is_the_distance_by_joint_and_action():
    batch = samples(TWO, 1, action='walk') + samples(TWO, 2, action='sit')
    batch += samples(TWO, 3)  # no action
    for sample in batch:
        sample['pose_3d'][1, :3] += [3, 4, 0]  # 5 mm, the hand
        if sample['frame_id'] == 2:
            sample['pose_3d'][0, :3] += [0, 0, 13]  # the head
        if sample['frame_id'] == 3:
            sample['pose_3d'][0] = 0  # unknown
    report = evaluate(batch, dict(per_joint=True, per_action=True, prefix='x'))
    for name, value in {
        'MKPE': (0 + 5 + 13 + 5 + 5) / 5,
        'MKPE/joint/head': (0 + 13) / 2,
        'MKPE/joint/hand': 5,
        'MKPE/action/walk': 2.5,
        'MKPE/action/sit': 9,
        'failed': 0,
        'failed/joint/hand': 0,
        'failed/action/sit': 0,
    }.items():
        assert report[f'x/{name}'] == pytest.approx(value, abs=1e-6), name
    # MKPE and failed, alone, by 2 joints and by 2 actions; two_views; 4 cameras' x and y
    assert len(report) == 2 * (1 + 2 + 2) + 1 + 4 * 2


def test_failed_joints_are_left_out_and_counted():
    batch = samples(TWO, 1) + samples(TWO, 2)
    for index, sample in enumerate(batch):
        sample['pose_3d'][1, :3] += [3, 4, 0]
        if index < 4:  # frame 1: the head is somewhere else in every view
            sample['pred_instances']['keypoints'][0, 0, 1] += 1000 * (-1) ** index * index
            sample['pred_instances']['keypoints'][0, 0, 1] += 150
    options = dict(threshold=2, per_joint=True)
    report = evaluate(batch, options)
    assert report['multiview/failed'] == 25
    assert report['multiview/failed/joint/head'] == 50
    assert report['multiview/MKPE'] == pytest.approx((5 + 0 + 5) / 3, abs=1e-6)
    report = evaluate(batch, dict(options, failed_as=100))
    assert report['multiview/MKPE'] == pytest.approx((100 + 5 + 0 + 5) / 4, abs=1e-6)
    assert report['multiview/failed'] == 25


def test_nothing_triangulates():
    alone = {0: CAMERAS[0]}  # a single view
    report = evaluate(samples(TWO, cameras=alone))
    assert report['multiview/failed'] == 100
    assert np.isnan(report['multiview/MKPE'])
    assert np.isnan(report['multiview/residual/cam0/x'])
    report = evaluate(samples(TWO, cameras=alone), dict(failed_as=7))
    assert report['multiview/MKPE'] == 7


def test_a_wrong_view_is_ignored_and_a_score_can_exclude_it():
    batch = samples(TWO)
    batch[2]['pred_instances']['keypoints'] += 30
    assert evaluate(batch)['multiview/MKPE'] < 1e-6
    # below the threshold it takes part, unless its score is too low
    batch[2]['pred_instances']['keypoints'] -= 25
    batch[2]['pred_instances']['keypoint_scores'] = np.full((1, 2), 0.2)
    assert evaluate(batch)['multiview/MKPE'] > 5
    assert evaluate(batch, dict(min_score=0.3))['multiview/MKPE'] < 1e-6
    assert evaluate(batch, dict(min_score=0.2))['multiview/MKPE'] > 5
    missing = samples(TWO)
    missing[1]['pred_instances']['keypoints'][:] = np.nan
    assert evaluate(missing)['multiview/MKPE'] < 1e-6


def test_min_inliers():
    batch = samples(TWO)
    for index in (2, 3):
        batch[index]['pred_instances']['keypoints'][..., 1] += 40 * index
    assert evaluate(batch)['multiview/failed'] == 0
    assert evaluate(batch, dict(min_inliers=3))['multiview/failed'] == 100


def test_joints_of_two_views_are_told_apart():
    truth = np.array([[0, 0, 0], [50, 20, 10.0]])
    batch = samples(truth)
    for sample in batch[2:]:
        sample['pred_instances']['keypoints'][0, 1] += 60  # two views agree on the second joint
    found = evaluate(batch)
    assert found['multiview/two_views'] == 50 and found['multiview/failed'] == 0
    assert found['multiview/MKPE/two_views'] < 1e-3
    assert evaluate(samples(truth))['multiview/two_views'] == 0


def test_a_view_that_is_not_sure_weighs_less():
    truth = np.array([[0, 0, 0], [50, 20, 10.0]])
    batch = samples(truth)
    batch[3]['pred_instances']['keypoints'] += 5
    for sample in batch:
        sample['pred_instances']['keypoint_scores'] = np.full((1, 2), 1.0)
    batch[3]['pred_instances']['keypoint_scores'] *= 0.1
    errors = [
        evaluate(batch, dict(type='MKPE', weights=weights))['multiview/MKPE']
        for weights in (None, 'confidence', 'confidence2')
    ]
    assert errors[2] < errors[1] < errors[0]
    with pytest.raises(ValueError, match="weights is one of .*; got 'score'"):
        mkpe.MKPE(weights='score')


def test_residuals_name_the_camera_whose_calibration_is_off():
    rng = np.random.default_rng(0)
    cameras = {i: camera(f'cam{i}', 20 * i) for i in range(8)}
    batch = []
    for frame in range(40):
        batch += samples(rng.uniform(-150, 150, (2, 3)), frame, cameras)
    for sample in batch:
        if sample['camera_id'] == 5:  # its principal point is wrong by (0, 4)
            sample['pred_instances']['keypoints'][..., 1] += 4
    report = evaluate(batch)
    values = {i: [report[f'multiview/residual/cam{i}/{a}'] for a in 'xy'] for i in range(8)}
    # Vertical errors of eight views at about one distance: the point takes an eighth.
    assert values[5][1] == pytest.approx(4 * 7 / 8, rel=0.1)
    assert abs(values[5][0]) < 0.3
    for i in (0, 1, 2, 3, 4, 6, 7):
        assert abs(values[i][1]) == pytest.approx(4 / 8, rel=0.5)
        assert values[i][1] < 0


def test_moving_camera_is_one_camera_in_the_report():
    rig = {1: camera('a', 0), 2: camera('b', 60), 3: camera('c', 120)}
    moved = {4: camera('a', 20, (100, 0, 0)), 5: rig[2], 6: rig[3]}
    batch = samples(TWO, 1, rig) + samples(TWO, 2, moved)
    report = evaluate(batch)
    assert report['multiview/MKPE'] < 1e-6
    assert sorted(name for name in report if name.endswith('/x')) == [
        f'multiview/residual/{name}/x' for name in 'abc'
    ]


def test_persons_are_kept_apart_and_missing_views_do_no_harm():
    batch = samples(TWO, 1, person=0)
    batch += samples(np.add(TWO, 60), 1, person=1)[1:]
    batch += samples(TWO, 2)[:2]
    without = samples(np.add(TWO, 20), 3)  # no truth: residuals only
    for sample in without:
        del sample['pose_3d'], sample['person_id']
    report = evaluate(batch + without)
    assert report['multiview/MKPE'] < 1e-6 and report['multiview/failed'] == 0


def test_distorted_cameras():
    cameras = {
        i: dict(view, dist=np.array([-0.2, 0.1, 0.001, -0.002, 0])[: 5 if i else 4])
        for i, view in CAMERAS.items()
    }
    cameras[3] = CAMERAS[3]  # and one without
    assert evaluate(samples(TWO, cameras=cameras))['multiview/MKPE'] < 1e-4


# ------------------------------------------------------------- any order, any rank


def noisy(seed=0, frames=12):
    rng = np.random.default_rng(seed)
    batch = []
    for frame in range(frames):
        batch += samples(rng.uniform(-150, 150, (2, 3)), frame)
    for sample in batch:
        points = sample['pred_instances']['keypoints']
        points += rng.normal(0, 1, points.shape)
    return batch


def test_order_and_repeated_views_do_not_matter():
    batch = noisy()
    expected = evaluate(batch)
    assert expected['multiview/MKPE'] > 1
    order = np.random.default_rng(1).permutation(len(batch))
    assert evaluate([batch[i] for i in order]) == expected
    assert evaluate(batch + batch[:5]) == expected  # more than size: views twice
    assert evaluate(batch + batch[:5], size=len(batch)) == expected


def test_chunks_do_not_matter(monkeypatch):
    batch = noisy() + samples(TWO, 50)[:3]
    expected = evaluate(batch)
    monkeypatch.setattr(mkpe, 'POINTS_AT_ONCE', 5)
    assert evaluate(batch) == pytest.approx(expected, abs=1e-9)


RANK = """
import sys
sys.path.insert(0, {root!r})
from tests.test_evaluation.test_mkpe import evaluate_rank
evaluate_rank(1, {store!r})
"""


def evaluate_rank(rank, store):
    """What a rank of two reports on 19 views, of which the sampler gives one twice."""
    dist.init_process_group(
        'gloo',
        init_method='file://' + store,
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=180),
    )
    try:
        batch = noisy(frames=5)[:19]
        report = evaluate((batch + batch[:1])[rank::2], size=19)
    finally:
        dist.destroy_process_group()
    with open(store + f'.{rank}.json', 'w') as file:
        json.dump(report, file)


def test_two_processes_give_what_one_gives(tmp_path, monkeypatch):
    store = str(tmp_path / 'store')
    monkeypatch.chdir(tmp_path)  # MMEngine collects results in the working directory
    environ = dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1')
    other = subprocess.Popen(
        [sys.executable, '-c', RANK.format(root=ROOT, store=store)],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    evaluate_rank(0, store)
    text = other.communicate(timeout=180)[0]
    assert other.returncode == 0, text[-3000:]
    expected = evaluate(noisy(frames=5)[:19])
    for rank in range(2):
        with open(store + f'.{rank}.json') as file:
            assert json.load(file) == pytest.approx(expected, abs=1e-9)


def test_inside_per_student_metric():
    batch = samples(TWO, 1) + samples(TWO, 2)
    for sample in batch:
        perfect = sample['pred_instances']
        wrong = copy.deepcopy(perfect)
        wrong['keypoints'] += 1e4 * np.random.default_rng(sample['id']).normal(size=(1, 2, 2))
        sample.update(pred_instances_student0=perfect, pred_instances_student1=wrong)
    report = evaluate(
        batch, dict(type='PerStudentMetric', metric=dict(type='MKPE', threshold=1, failed_as=50))
    )
    assert report['student0/multiview/MKPE'] < 1e-6
    assert report['student1/multiview/MKPE'] == 50
    assert report['student1/multiview/failed'] == 100
    assert report['multiview/MKPE'] == pytest.approx(25, abs=1e-6)
    assert report['ensemble/multiview/failed'] == 0


# ------------------------------------------------------------------------- errors


def test_errors():
    batch = samples(TWO)
    for key in ('frame_id', 'camera_id', 'camera'):
        broken = copy.deepcopy(batch)
        del broken[1][key]
        with pytest.raises(ValueError, match=f'id 101.* has no {key}.*VIEW_KEYS'):
            evaluate(broken)
    broken = copy.deepcopy(batch)
    for sample in broken:
        sample['pose_3d'][:, 3] = 0
    with pytest.raises(ValueError, match='poses_3d'):
        evaluate(broken)
    broken = copy.deepcopy(batch)
    broken[0]['pred_instances']['keypoints'] = np.zeros((2, 2, 2))
    with pytest.raises(ValueError, match='2 predicted persons'):
        evaluate(broken)
    with pytest.raises(ValueError, match='threshold'):
        evaluate(batch, dict(threshold=0))
    with pytest.raises(ValueError, match='names 2'):
        evaluate(samples(TWO + [[0, 0, 0]]), dict(per_joint=True))


def test_two_annotation_files_at_once_are_an_error():
    one = samples(TWO, img_path='one.jpg')
    assert evaluate(one + copy.deepcopy(one))['multiview/MKPE'] < 1e-6
    with pytest.raises(
        ValueError,
        match=r'\(1, 0, 0\) is that of one.jpg and of '
        'two.jpg; .*one by one',
    ):
        evaluate(one + samples(TWO, img_path='two.jpg'))
    two = samples(TWO, 2, img_path='two.jpg')
    assert evaluate(one + two)['multiview/MKPE'] < 1e-6
    for key, value in (('K', 2 * np.eye(3)), ('t', np.ones(3)), ('dist', np.zeros(5))):
        other = copy.deepcopy(two)
        other[1]['camera'][key] = value
        with pytest.raises(
            ValueError,
            match=f'camera_id 1 has one {key} in one.jpg and another in two.jpg; .*one by one',
        ):
            evaluate(one + other)


# ------------------------------------------------------- the synthetic benchmark


@pytest.fixture(scope='module')
def benchmark(tmp_path_factory):
    out = str(tmp_path_factory.mktemp('mkpe') / 'tiny')
    write_benchmark(out, 'tiny', seed=3, num_cameras=6, workers=1, progress=False)
    return out


def dataset(benchmark, **more):
    return DATASETS.build(
        dict(
            type='MultiViewCocoDataset',
            data_root=benchmark,
            ann_file='val.json',
            data_prefix=dict(img='images/'),
            test_mode=True,
            pipeline=[
                dict(type='LoadImage'),
                dict(type='GetBBoxCenterScale'),
                dict(type='TopdownAffine', input_size=(48, 64)),
                dict(type='PackPoseInputs'),
            ],
            **more,
        )
    )


def predicted(data, sigma=0.0, seed=0):
    """Samples of a data set whose predictions are OpenCV's projections, plus noise."""
    rng = np.random.default_rng(seed)
    batch = []
    for index in range(len(data)):
        sample = data[index]['data_samples'].to_dict()
        pixels = image_of(sample['pose_3d'][:, :3], sample['camera'])
        sample['pred_instances'] = dict(
            keypoints=(pixels + rng.normal(0, sigma, pixels.shape))[None],
            keypoint_scores=np.ones((1, len(pixels))),
        )
        batch.append(sample)
    return batch


def test_perfect_2d_on_the_benchmark(benchmark):
    data = dataset(benchmark)
    assert len(data) == 12 and 'camera' in data[0]['data_samples']
    report = evaluate(predicted(data))
    assert report['multiview/MKPE'] < 1e-3
    assert report['multiview/failed'] == 0
    assert max(abs(v) for k, v in report.items() if 'residual' in k) < 1e-3


@pytest.mark.parametrize('sigma', [0.3, 1.0])
def test_error_grows_with_pixel_noise_as_the_cameras_say(benchmark, sigma):
    batch = []
    data = dataset(benchmark)
    for repeat in range(20):
        for sample in predicted(data, sigma, repeat):
            sample['frame_id'] += 1000 * repeat
            batch.append(sample)
    report = evaluate(batch)
    assert report['multiview/failed'] == 0

    # Independent: the covariance of a least squares fit, sigma^2 (J'J)^-1, with the
    # derivatives J of OpenCV's projection by finite differences.
    frames = {}
    for index in range(len(data)):
        sample = data[index]['data_samples']
        frames.setdefault(sample.frame_id, []).append(sample)
    rng = np.random.default_rng(0)
    lengths = []
    for views in frames.values():
        points = views[0].pose_3d[:, :3]
        J = np.concatenate(
            [
                np.stack(
                    [
                        image_of(points + step, view.camera) - image_of(points - step, view.camera)
                        for step in np.eye(3)
                    ],
                    -1,
                )
                / 2
                for view in views
            ],
            1,
        )  # (K, 2V, 3)
        covariance = sigma**2 * np.linalg.inv(J.transpose(0, 2, 1) @ J)
        for cov in covariance:
            draws = rng.multivariate_normal(np.zeros(3), cov, 500)
            lengths.append(np.linalg.norm(draws, axis=1).mean())
    assert report['multiview/MKPE'] == pytest.approx(np.mean(lengths), rel=0.15)


def test_evaluation_on_other_cameras_than_those_of_training(benchmark):
    train = dataset(benchmark, cameras=['camera00', 'camera01', 'camera02'])
    test = dataset(benchmark, cameras=[3, 4, 5])
    model = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            data_preprocessor=dict(type='PoseDataPreprocessor', mean=[127.0] * 3, std=[60.0] * 3),
            backbone=dict(type='TinyBackbone', norm=False),
            head=dict(
                type='HeatmapHead',
                in_channels=8,
                out_channels=17,
                deconv_out_channels=None,
                decoder=dict(
                    type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1
                ),
            ),
        )
    ).eval()
    for data, numbers in ((train, (0, 1, 2)), (test, (3, 4, 5))):
        metric = METRICS.build(dict(type='MKPE', failed_as=5000))
        metric.dataset_meta = data.metainfo
        outputs = model.test_step(pseudo_collate([data[i] for i in range(len(data))]))
        metric.process(None, [output.to_dict() for output in outputs])
        report = metric.evaluate(len(data))
        assert 0 < report['multiview/MKPE'] <= 5000
        assert {name.split('/')[2] for name in report if 'residual' in name} == {
            f'camera{i:02}' for i in numbers
        }
    assert evaluate(predicted(test))['multiview/MKPE'] < 1e-3
