"""What ``save_best`` of a config names is reported by its evaluators, and has a rule."""

import ast
import functools
import json
import os.path as osp

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.logging import MessageHub
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.registry import METRICS

from mmpose_al.engine.hooks import SafeCheckpointHook

from .test_configs import CONFIGS, ROOT

NEITHER = ('residual', 'two_views')  # better is neither more nor less
LESS = ('EPE', 'MPJPE', 'MKPE', 'failed')
DUALS = ('PoseDual', 'DenoisedPoseDual', 'MultiViewPoseDual')


def views_of_a_person(joints, students):
    """Samples of one person seen by three cameras, predicted without a fault."""
    random = np.random.RandomState(0)
    pose = np.concatenate([random.uniform(-500, 500, (joints, 3)), np.ones((joints, 1))], 1)
    samples = []
    for index, angle in enumerate((0.0, 0.5, 1.0)):
        c, s = np.cos(angle), np.sin(angle)
        R = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        K, t = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]), np.array([0, 0, 3000.0])
        seen = pose[:, :3] @ R.T + t
        pixels = seen @ K.T
        keypoints = (pixels[:, :2] / pixels[:, 2:])[None]
        box = np.array([[100.0, 50, 550, 450]])
        predicted = dict(
            keypoints=keypoints,
            keypoints_3d=seen[None],
            keypoint_scores=np.ones((1, joints)),
            bboxes=box,
            bbox_scores=np.ones(1),
        )
        annotation = dict(
            id=index,
            image_id=index,
            category_id=1,
            iscrowd=0,
            area=90000.0,
            bbox=[100.0, 50, 450, 400],
            keypoints=np.append(keypoints[0], np.full((joints, 1), 2.0), 1).ravel().tolist(),
            num_keypoints=joints,
        )
        sample = dict(
            id=index,
            img_id=index,
            category_id=1,
            ori_shape=(480, 640),
            frame_id=0,
            person_id=0,
            camera_id=index,
            camera=dict(name=f'cam{index}', K=K, R=R, t=t, dist=np.zeros(5)),
            pose_3d=pose,
            action='Walking',
            raw_ann_info=annotation,
            gt_instances=dict(
                keypoints=keypoints,
                keypoints_visible=np.ones((1, joints)),
                bboxes=box,
                bbox_scores=np.ones(1),
                head_size=np.array([[60.0]]),
            ),
            pred_instances=predicted,
        )
        sample.update({f'pred_instances_student{i}': predicted for i in range(students)})
        samples.append(sample)
    return samples


@functools.lru_cache(maxsize=None)
def reported(evaluators, metainfo, students):
    """What metrics report; JSON of their configs, and the text of a metainfo."""
    meta = dataset_meta_from_config(
        Config(dict(train_dataloader=dict(dataset=dict(metainfo=ast.literal_eval(metainfo)))))
    )
    meta['CLASSES'] = [dict(id=1, name='person')]
    # CocoMetric reads which file a data set has from the latest hub, which may be another test's.
    MessageHub.get_instance(f'reported {evaluators} {metainfo} {students}')
    evaluator = Evaluator([METRICS.build(each) for each in json.loads(evaluators)])
    evaluator.dataset_meta = meta
    samples = views_of_a_person(meta['num_keypoints'], students)
    for metric in evaluator.metrics:
        metric.process(dict(), samples)
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize('path', CONFIGS)
def test_save_best_is_reported_and_every_metric_has_a_rule(path):
    config = Config.fromfile(osp.join(ROOT, path))
    students = 2 if config.model.type in DUALS else 0
    metainfo = repr(config.train_dataloader.dataset.metainfo.to_dict())
    names = reported(json.dumps(config.val_evaluator), metainfo, students)
    hook = config.default_hooks.checkpoint
    best = hook.get('save_best')
    assert hook.type == 'SafeCheckpointHook'
    assert best is None or (best in names and hook.rule == 'greater')
    for name in names:
        if any(word in name for word in NEITHER):
            continue
        (found,) = SafeCheckpointHook(save_best=name).rules
        assert found == ('less' if any(word in name for word in LESS) else 'greater'), name
    prefixes = ('mean/', 'ensemble/', 'student0/', 'student1/')
    plain = [name for name in names if not name.startswith(prefixes)]
    for name in plain if students else ():
        assert all(prefix + name in names for prefix in prefixes)


def test_a_joint_or_an_action_does_not_change_the_rule():
    for name in ('pose3d/MPJPE/joint/head_top', 'EPE', 'NME', 'pose3d/failed'):
        assert SafeCheckpointHook(save_best=name).rules == ['less']
    for name in ('pose3d/PCK/joint/head_top', 'student0/coco/AR (L)', 'PCKh@0.1', 'AUC'):
        assert SafeCheckpointHook(save_best=name).rules == ['greater']
