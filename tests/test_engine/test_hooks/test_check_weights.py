"""Runs take a whole checkpoint of their model, or what ``load_cfg`` says."""

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import METRICS, MODELS

import mmpose_al.engine  # noqa: F401


@MODELS.register_module(force=True)
class TwoLayers(BaseModel):
    """A body and a head of so many outputs."""

    def __init__(self, outputs=2):
        super().__init__()
        self.body = torch.nn.Linear(1, 3)
        self.head = torch.nn.Linear(3, outputs)

    def forward(self, x, mode='tensor'):
        out = self.head(self.body(torch.stack(list(x))))
        return dict(loss=out.pow(2).sum()) if mode == 'loss' else list(out)


@METRICS.register_module(force=True)
class CountOutputs(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results):
        return dict(count=len(results))


def runner(folder, outputs=2, hooks=(), **changes):
    init_default_scope('mmpose')
    runner.count += 1
    loader = dict(
        dataset=[dict(x=torch.ones(1))] * 4,
        batch_size=2,
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    cfg = dict(
        model=dict(type='TwoLayers', outputs=outputs),
        work_dir=str(folder),
        train_dataloader=loader,
        test_dataloader=loader,
        train_cfg=dict(by_epoch=False, max_iters=2),
        test_cfg=dict(),
        test_evaluator=dict(type='CountOutputs'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False),
            weights=dict(type='CheckWeightsHook'),
        ),
        custom_hooks=list(hooks),
        default_scope='mmpose',
        experiment_name=f'weights{runner.count}',
        log_level='ERROR',
    )
    return Runner.from_cfg(Config(dict(cfg, **changes)))


runner.count = 0


@pytest.fixture
def saved(tmp_path):
    """A trained checkpoint of two outputs."""
    run = runner(tmp_path / 'first')
    run.train()
    return str(tmp_path / 'first' / 'iter_2.pth'), run.model.state_dict()


def test_a_whole_checkpoint_is_trained_tested_and_resumed(saved, tmp_path):
    path, weights = saved
    for start in (dict(load_from=path), dict(load_from=path, resume=True)):
        run = runner(tmp_path / 'again', **start)
        run.train()
        assert all(torch.equal(v, weights[k]) for k, v in run.model.state_dict().items())
        assert run.iter == 2
    run = runner(tmp_path / 'test', load_from=path)
    assert run.test() == dict(count=4)
    assert all(torch.equal(v, weights[k]) for k, v in run.model.state_dict().items())


@pytest.mark.parametrize('do', ['train', 'test', 'resume'])
def test_a_checkpoint_that_fits_in_part_stops_the_run(saved, tmp_path, do):
    path, _ = saved
    run = runner(tmp_path / 'again', outputs=3, load_from=path, resume=do == 'resume')
    with pytest.raises(ValueError, match=r'iter_2.pth: 2 do not fit .*head.weight'):
        run.test() if do == 'test' else run.train()


def test_a_checkpoint_of_something_else_stops_the_run(tmp_path):
    path = str(tmp_path / 'else.pth')
    for content in (dict(a=torch.zeros(1)), dict(state_dict=dict()), dict(meta=dict(epoch=1))):
        torch.save(content, path)
        with pytest.raises(ValueError, match='else.pth: (4 of the 4 tensors|there is no tensor)'):
            runner(tmp_path / 'run', load_from=path).test()


def test_what_load_cfg_leaves_out_starts_afresh_in_training_alone(saved, tmp_path):
    path, weights = saved
    more = dict(load_from=path, load_cfg=dict(leave_out=['head.']))
    run = runner(tmp_path / 'more', outputs=3, hooks=[dict(type='EMAHook')], **more)
    run.train()
    assert torch.equal(run.model.state_dict()['body.weight'], weights['body.weight'])
    with pytest.raises(ValueError, match='do not fit'):  # never random weights in a test
        runner(tmp_path / 'test', outputs=3, **more).test()
    # what it made is a whole checkpoint of its own config
    more['load_from'] = str(tmp_path / 'more' / 'iter_2.pth')
    assert runner(tmp_path / 'test', outputs=3, **more).test() == dict(count=4)


def test_a_wrong_key_is_said_before_anything_is_loaded(tmp_path):
    with pytest.raises(ValueError, match="load_cfg has 'leave'"):
        runner(tmp_path, load_cfg=dict(leave=['head.'])).train()
