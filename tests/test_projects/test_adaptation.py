"""The text of an adapted config, read again by MMEngine."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.adaptation import (
    METHODS,
    Plan,
    adapted_config,
    assumptions,
    check_base,
    whole_images,
)

BASE = """
model = dict(type='TopdownPoseEstimator', backbone=dict(),
             head=dict(type='HeatmapHead'))
train_dataloader = dict(
    batch_size=32, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CocoDataset', ann_file='a.json', pipeline=[dict(type='LoadImage')]))
train_cfg = dict(by_epoch=True, max_epochs=7)
"""


def read(folder, text=''):
    (folder / 'mine.py').write_text(BASE + text)
    return Config.fromfile(str(folder / 'mine.py'))


def adapted(folder, text='', **more):
    """The config that people would get, read from its file."""
    cfg = read(folder, text)
    plan = Plan('mine.py', 'PoseDual', '/data/free.json', '/data/free', **more)
    out = adapted_config(cfg, plan, lambda kind: kind in ('CocoMetric', 'PCKAccuracy'))
    (folder / 'dual.py').write_text(out)
    return cfg, Config.fromfile(str(folder / 'dual.py'))


def test_the_network_becomes_the_students_and_the_data_one_of_two_sources(tmp_path):
    cfg, new = adapted(tmp_path)
    assert new.model == dict(type='PoseDual', backbone=dict(), students=cfg.model)
    loader = new.train_dataloader
    assert loader.batch_size == 64 and loader.sampler == dict(type='LabeledUnlabeledSampler')
    assert loader.batch_sampler == dict(type='MixedBatchSampler')
    assert set(loader.dataset) == {'type', 'labeled', 'unlabeled', 'pipeline'}
    assert loader.dataset.labeled == cfg.train_dataloader.dataset
    free = loader.dataset.unlabeled
    assert free.pipeline == cfg.train_dataloader.dataset.pipeline
    assert (free.ann_file, free.data_prefix.img) == ('/data/free.json', '/data/free/')
    assert free.metainfo == dict(from_file='configs/_base_/datasets/coco.py')
    assert new.custom_imports.imports == ['mmpose_al']
    assert new.get('load_from') is None and 'load_cfg' not in new and 'val_evaluator' not in new


def test_what_the_config_has_of_its_own_stays(tmp_path):
    text = """
custom_imports = dict(imports=['json'])
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='mmdet.PipelineSwitchHook')]
default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best='coco/AP'))
val_evaluator = dict(type='CocoMetric', ann_file='val.json')
test_evaluator = [dict(type='CocoMetric', ann_file='t.json'), dict(type='PCKAccuracy')]
train_dataloader['dataset']['metainfo'] = dict(from_file='hand.py')
"""
    cfg, new = adapted(tmp_path, text)
    assert new.custom_imports.imports == ['json', 'mmpose_al']
    types = [hook.type for hook in new.custom_hooks]
    assert types[0] == 'SyncBuffersHook' and 'CollapseMonitorHook' in types
    assert not any('Switch' in kind for kind in types)
    assert new.default_hooks.checkpoint.save_best == 'coco/AP'
    assert new.default_hooks.weights.type == 'CheckWeightsHook'
    assert new.val_evaluator == dict(type='PerStudentMetric', metric=cfg.val_evaluator)
    assert [entry.metric for entry in new.test_evaluator] == cfg.test_evaluator
    assert new.train_dataloader.dataset.unlabeled.metainfo == dict(from_file='hand.py')


def test_where_another_training_ran_is_not_taken_over(tmp_path):
    """As in a config that MMEngine has written beside a checkpoint."""
    _, new = adapted(tmp_path, "work_dir = 'work_dirs/mine'\nresume = True\n")
    assert new.work_dir is None and new.resume is False
    assert 'work_dir' not in adapted(tmp_path)[1]


def test_each_student_has_the_learning_rates_of_its_layers(tmp_path):
    text = """
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=5e-4), constructor='LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(num_layers=3, layer_decay_rate=0.5))
"""
    _, new = adapted(tmp_path, text)
    assert new.optim_wrapper.constructor == 'NetworksOptimWrapperConstructor'
    assert new.optim_wrapper.paramwise_cfg == dict(
        num_layers=3, layer_decay_rate=0.5, constructor='LayerDecayOptimWrapperConstructor'
    )
    plain = "optim_wrapper = dict(optimizer=dict(type='Adam'), paramwise_cfg=dict(bias_lr_mult=2))"
    cfg, new = adapted(tmp_path, plain)
    assert new.optim_wrapper == cfg.optim_wrapper


def test_a_sampler_that_composes_batches_is_refused(tmp_path):
    text = "train_dataloader['sampler'] = dict(type='MultiSourceSampler', source_ratio=[3, 1])\n"
    with pytest.raises(ValueError, match='sampler is a MultiSourceSampler.*shares='):
        check_base(read(tmp_path, text), 'mine.py')


def test_an_evaluator_of_several_data_sets_stays(tmp_path):
    cfg, new = adapted(tmp_path, "val_evaluator = dict(type='MultiDatasetEvaluator', metrics=[])")
    assert new.val_evaluator == cfg.val_evaluator


def test_two_students_start_from_a_checkpoint_without_its_head(tmp_path):
    _, new = adapted(tmp_path, checkpoint='/w/one.pth', draws_heads=True)
    assert new.load_from == '/w/one.pth'
    assert new.load_cfg == dict(into='students', leave_out=['head.'])
    _, new = adapted(tmp_path, "load_from = 'theirs.pth'")
    assert new.load_from == 'theirs.pth' and new.load_cfg == dict(into='students')


def test_what_is_assumed_is_said_with_numbers(tmp_path):
    cfg = read(tmp_path)
    plan = Plan('mine.py', 'PoseDual', 'a.json', 'free', 'one.pth', True, whole=True)
    said = '\n'.join(assumptions(cfg, plan, labeled=65, unlabeled=321))
    assert 'your 32 labelled images' in said
    assert 'about 11 steps, where yours had 3; max_epochs stays 7' in said
    assert 'all but the heads of one.pth' in said and 'give --boxes or --detector' in said
    said = '\n'.join(assumptions(cfg, plan._replace(checkpoint=None, whole=False), 65, 321))
    assert 'no --checkpoint' in said and '--detector' not in said


@pytest.mark.parametrize(
    'text, match',
    [
        ('model = None', 'has no model'),
        ("model = dict(type='PoseDual', students=dict())", 'semi-supervised already'),
        ("train_dataloader['dataset']['type'] = 'LabeledUnlabeledDataset'", 'already; give it'),
        ("train_dataloader['dataset'].pop('pipeline')", 'without a pipeline'),
        ("train_dataloader.pop('batch_size')", 'no batch_size'),
        ("model['init_cfg'] = dict(type='Pretrained', checkpoint='x')", 'model.init_cfg'),
        ("model['head']['init_cfg'] = dict(type='Pretrained', checkpoint='x')", 'head.init_cfg'),
    ],
)
def test_a_config_that_lacks_something_is_refused(tmp_path, text, match):
    with pytest.raises(ValueError, match=match):
        check_base(read(tmp_path, text), 'mine.py')


def test_methods_are_estimators_that_need_a_network_only():
    from mmpose.registry import MODELS

    import mmpose_al  # noqa: F401

    assert all(MODELS.get(name) is not None for name in METHODS.values())


def test_a_box_is_the_whole_image_and_known_images_are_left_out(tmp_path):
    for name, size in (('a.png', (6, 9)), ('b.png', (5, 7))):
        cv2.imwrite(str(tmp_path / name), np.zeros((*size, 3), np.uint8))
    content, left_out = whole_images(str(tmp_path), [str((tmp_path / 'a.png').resolve())])
    assert left_out == 1
    assert content['images'] == [dict(id=1, file_name='b.png', width=7, height=5)]
    assert content['annotations'][0]['bbox'] == [0, 0, 7, 5]
    with pytest.raises(FormatError, match='all of them in your data sets'):
        whole_images(str(tmp_path), [str((tmp_path / n).resolve()) for n in ('a.png', 'b.png')])
