"""What a training is refused for before its first step."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_al.datasets.samplers import LabeledUnlabeledSampler
from mmpose_al.engine.hooks.data_check import DataCheckHook
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
    runner = SimpleNamespace(model=model, train_loop=loop, max_iters=3, logger=None)
    DataCheckHook().before_train(runner)
    loader.sampler = range(3)
    DataCheckHook().before_train(runner)
    runner.model, loader.sampler = model.students[0], LabeledUnlabeledSampler(data, 2, 0, seed=0)
    DataCheckHook().before_train(runner)
