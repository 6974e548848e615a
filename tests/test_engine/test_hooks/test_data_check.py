"""What a training is refused for before its first step."""

import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpose.registry import METRICS, MODELS

from mmpose_al.datasets.samplers import LabeledGroupSampler, LabeledUnlabeledSampler
from mmpose_al.datasets.transforms.keypoint_mapping import joint_names
from mmpose_al.engine.hooks.data_check import (
    DataCheckHook,
    check_best,
    check_groups,
    check_head,
    joints_of_head,
)
from tests.test_models.test_semi.estimators import build
from tests.tiny_coco import write_config


def estimator_on(tmp_path, lines):
    """A run of PoseDual whose config ends with ``lines``."""
    students = """
model = dict(type='PoseDual', students=model)
custom_hooks = [dict(type='DataCheckHook')]
labeled = dict(dataset, pipeline=[])
mixed = dict(type='LabeledUnlabeledDataset', labeled=labeled, pipeline=dataset['pipeline'])
"""
    config = Config.fromfile(str(write_config(tmp_path, students + lines)))
    config.work_dir = str(tmp_path / 'run')
    config.experiment_name = tmp_path.name
    return Runner.from_cfg(config)


def test_a_data_set_without_an_unlabelled_source(tmp_path):
    """The recipe without ``unlabeled``."""
    runner = estimator_on(
        tmp_path,
        """
train_dataloader.update(dataset=mixed, sampler=dict(type='LabeledUnlabeledSampler'),
                        batch_sampler=dict(type='MixedBatchSampler'))
""",
    )
    with pytest.raises(ValueError) as error:
        runner.train()
    text = str(error.value)
    assert 'has no `unlabeled` source' in text and runner.iter == 0
    assert 'unlabeled=dict(...)' in text and "dict(type='MixedBatchSampler')" in text


def test_a_sampler_that_takes_none(tmp_path):
    runner = estimator_on(
        tmp_path,
        """
train_dataloader.update(
    dataset=dict(mixed, unlabeled=labeled, allow_overlap=True),
    sampler=dict(type='LabeledUnlabeledSampler', batch_size=2, num_unlabeled=0))
""",
    )
    with pytest.raises(ValueError, match='puts 0 unlabelled ones into a batch; leave'):
        runner.train()


def grouped(sizes, num_views=4, **options):
    """A MultiViewPoseDual, and a loader whose sampler makes groups of views of such frames."""
    starts = np.cumsum([1, *sizes])
    groups = [np.arange(a, b) for a, b in zip(starts[:-1], starts[1:])]
    dataset = SimpleNamespace(
        num_labeled=1, num_unlabeled=sum(sizes), unlabeled_groups=lambda: groups
    )
    sampler = LabeledGroupSampler(dataset, 5, num_groups=1, num_views=num_views, seed=0)
    loader = SimpleNamespace(sampler=sampler, batch_sampler=SimpleNamespace(sampler=sampler))
    return build('MultiViewPoseDual', **options), loader


def test_groups_in_which_too_few_cameras_could_agree():
    """The default, 3 views, on a rig of two cameras: every step would teach nothing."""
    said = []
    with pytest.raises(ValueError, match='is in more than 2 views of a frame.*min_inliers=2'):
        check_groups(*grouped([2, 2, 2]), said.append)
    check_groups(*grouped([2, 2, 2], min_inliers=2), said.append)
    check_groups(*grouped([3, 5, 4]), said.append)
    assert not said
    check_groups(*grouped([2, 5, 2]), said.append)
    assert len(said) == 1 and '2 of 3 groups of views have fewer than min_inliers=3' in said[0]
    with pytest.raises(ValueError, match=r'takes groups of 4 views .*makes groups of 2; give both'):
        check_groups(*grouped([4, 4], num_views=2), said.append)


def test_what_is_right_trains_and_a_late_start_is_said(tmp_path, monkeypatch):
    runner = estimator_on(
        tmp_path,
        """
model.update(start=2)
train_dataloader.update(
    dataset=dict(mixed, unlabeled=labeled, allow_overlap=True),
    sampler=dict(type='LabeledUnlabeledSampler'), batch_sampler=dict(type='MixedBatchSampler'))
""",
    )
    said = []
    monkeypatch.setattr(runner.logger, 'warning', said.append)
    runner.train()
    assert runner.iter == 2
    assert any('from iteration 2 (model.start) on, and the run has 2' in text for text in said)


def test_what_is_not_ours_is_not_judged():
    model = build('PoseDual')
    data = SimpleNamespace(num_labeled=4, num_unlabeled=4)
    loader = SimpleNamespace(
        dataset=[1], sampler=LabeledUnlabeledSampler(data, 2, seed=0), batch_sampler=None
    )
    loop = SimpleNamespace(dataloader=loader)
    runner = SimpleNamespace(model=model, train_loop=loop, max_iters=3, logger=logging.getLogger())
    runner.val_loop = None
    DataCheckHook().before_train(runner)
    loader.sampler = range(3)
    DataCheckHook().before_train(runner)
    runner.model, loader.sampler = model.students[0], LabeledUnlabeledSampler(data, 2, 0, seed=0)
    DataCheckHook().before_train(runner)


def supervised(tmp_path, lines):
    text = "custom_hooks = [dict(type='DataCheckHook')]\n"
    config = Config.fromfile(str(write_config(tmp_path, text + lines)))
    config.work_dir = str(tmp_path / 'run')
    config.experiment_name = tmp_path.name
    return Runner.from_cfg(config)


@pytest.mark.parametrize(
    'wrap', ['dataset', "dict(type='RepeatDataset', times=2, dataset=dataset)"]
)
def test_a_head_with_other_joints_than_the_data(tmp_path, wrap):
    lines = f"model['head']['out_channels'] = 14\ntrain_dataloader['dataset'] = {wrap}"
    with pytest.raises(
        ValueError, match='HeatmapHead of .* predicts 14 joints.*has 17: nose, .*out_channels=17'
    ):
        supervised(tmp_path, lines).train()


def test_joints_that_a_converter_makes_are_counted(tmp_path):
    lines = """
model['head']['out_channels'] = 2
dataset['pipeline'].insert(3, dict(
    type='KeypointConverter', num_keypoints=2, mapping=[(0, 0), (1, 1)]))
"""
    runner = supervised(tmp_path, lines)
    loader = runner.build_dataloader(runner.cfg.train_dataloader)
    check_head(runner.model, loader.dataset)
    with pytest.raises(ValueError, match='predicts 2 joints'):
        loader.dataset.pipeline.transforms.pop(3)
        check_head(runner.model, loader.dataset)


@pytest.mark.parametrize(
    'head, expected',
    [
        (dict(type='RegressionHead', in_channels=8, num_joints=5), 5),
        (
            dict(
                type='SimCCHead',
                in_channels=8,
                out_channels=6,
                input_size=(32, 48),
                in_featuremap_size=(8, 12),
            ),
            6,
        ),
        (dict(type='TemporalRegressionHead', in_channels=8, num_joints=5), None),
    ],
)
def test_joints_of_heads(head, expected):
    assert joints_of_head(MODELS.build(head)) == expected


DOG = [f'{side}_{part}' for part in ('Eye', 'Ear', 'Paw', 'Knee') for side in 'LR'] * 2 + ['Tail']


@pytest.mark.parametrize(
    'names, fits', [(DOG, False), (None, True), ('own', True), ('turned', False)]
)
def test_a_file_under_the_metainfo_of_another_skeleton(tmp_path, names, fits):
    """Seventeen joints of dogs under COCO's names, read by MMPose's own data set."""
    runner = supervised(tmp_path, '')
    path = tmp_path / 'data' / 'train.json'
    content = json.loads(path.read_text())
    own = joint_names(runner.build_dataloader(runner.cfg.train_dataloader).dataset.metainfo)
    names = (
        dict(own=own, turned=own[1:] + own[:1]).get(names, names)
        if isinstance(names, str)
        else names
    )
    if names:
        content['categories'][0]['keypoints'] = names
    path.write_text(json.dumps(content))
    if fits:
        runner.train()
        return
    with pytest.raises(
        ValueError, match=r'train.json: category .person. names its joints .*nose.*metainfo'
    ):
        runner.train()


@pytest.mark.parametrize(
    'key, known',
    [
        ('coco/AP', True),
        ('student1/coco/AP', True),
        ('mean/pck/bbox@0.2', True),  # the prefix is known
        ('auto', True),
        ('EPE', True),
        ('pose3d/MPJPE', False),
    ],
)
def test_save_best_names_a_metric_that_is_evaluated(key, known):
    metrics = [
        dict(type='PerStudentMetric', metric=dict(type='CocoMetric')),
        dict(type='PerStudentMetric', metric=dict(type='JointPCK')),
        dict(type='EPE'),
    ]
    hook = CheckpointHook(save_best=key, rule='greater')
    evaluator = Evaluator([METRICS.build(metric) for metric in metrics])
    runner = SimpleNamespace(val_loop=True, val_evaluator=evaluator, hooks=[hook])
    if not known:
        said = "'pose3d/MPJPE', but .*CocoMetric, JointPCK, EPE.*coco"
        with pytest.raises(ValueError, match=said):
            check_best(runner)
        runner.val_evaluator = type('Own', (Evaluator,), {})([])  # its names are its own
    check_best(runner)
    check_best(SimpleNamespace(val_loop=None, hooks=[hook]))


def changed(path, change):
    content = json.loads(path.read_text())
    change(content['annotations'])
    path.write_text(json.dumps(content))  # NaN and Infinity as Python writes them


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda a: a[3]['keypoints'].__setitem__(6, float('nan')), '1 with labelled joints .*3'),
        (lambda a: a[3]['keypoints'].__setitem__(7, float('inf')), '1 with labelled joints .*3'),
        (lambda a: a[5]['bbox'].__setitem__(0, float('nan')), '1 with a box that is not fin.*5'),
        (
            lambda a: (
                a[2]['bbox'].__setitem__(0, float('nan')),
                a[4]['keypoints'].__setitem__(0, 1e999),
            ),
            '8 samples 1 with a box that.*2.*; 1 with labelled.*4',
        ),
    ],
)
def test_joints_and_boxes_of_mmposes_data_sets_are_places(tmp_path, change, words):
    runner = supervised(tmp_path, '')
    changed(tmp_path / 'data' / 'train.json', change)
    with pytest.raises(ValueError, match=words) as error:
        runner.train()
    assert runner.iter == 0 and 'CocoDataset' in str(error.value)
    assert "MultiViewCocoDataset(on_bad='skip')" in str(error.value)


def test_joints_that_nobody_knows_may_be_anything(tmp_path):
    runner = supervised(tmp_path, '')

    def unknown(annotations):
        annotations[3]['keypoints'][6:9] = [float('nan'), float('nan'), 0]

    changed(tmp_path / 'data' / 'train.json', unknown)
    runner.train()
    assert runner.iter == 2


def test_bad_numbers_are_found_in_a_source_of_ours(tmp_path):
    runner = estimator_on(
        tmp_path,
        """
train_dataloader.update(
    dataset=dict(mixed, unlabeled=labeled, allow_overlap=True),
    sampler=dict(type='LabeledUnlabeledSampler'), batch_sampler=dict(type='MixedBatchSampler'))
""",
    )

    def broken(annotations):
        annotations[3]['keypoints'][6] = float('nan')

    changed(tmp_path / 'data' / 'train.json', broken)
    with pytest.raises(ValueError, match='1 with labelled joints that are not finite'):
        runner.train()
