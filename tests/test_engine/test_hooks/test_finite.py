"""A number that is no number ends a run."""

import glob
import os.path as osp
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

from mmpose_al.engine.hooks.finite import SKIPS, FiniteHook, leaves_out_steps, not_finite
from tests.tiny_coco import write_config


class Break(Hook):
    """Makes a weight of the network infinite after a step."""

    priority = 'VERY_HIGH'

    def __init__(self, step, name):
        self.step, self.name = step, name

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == self.step:
            runner.model.state_dict()[self.name].view(-1)[0] = float('inf')


def run(tmp_path, more='', hook=None):
    config = Config.fromfile(
        str(write_config(tmp_path, "custom_hooks = [dict(type='FiniteHook')]\n" + more))
    )
    config.work_dir = str(tmp_path / 'run')
    config.experiment_name = tmp_path.name
    runner = Runner.from_cfg(config)
    if hook is not None:
        runner.register_hook(hook)
    runner.train()


def test_a_loss_ends_the_run_in_its_step(tmp_path):
    with pytest.raises(FloatingPointError, match=r'step 1: loss.* not finite: .*smaller learning'):
        run(tmp_path, "optim_wrapper['optimizer']['lr'] = 1e30\ntrain_cfg['max_iters'] = 9")
    assert not glob.glob(str(tmp_path / 'run' / '*.pth'))


@pytest.mark.parametrize('name', ['head.final_layer.bias', 'backbone.bn1.running_mean'])
def test_no_checkpoint_holds_a_diverged_network(tmp_path, name):
    with pytest.raises(
        FloatingPointError, match=f'before a checkpoint, after step .: {name} is not finite'
    ):
        run(tmp_path, hook=Break(1, name))
    assert not glob.glob(str(tmp_path / 'run' / '*.pth'))


def test_a_run_that_is_well_goes_on(tmp_path):
    run(tmp_path)
    assert osp.isfile(str(tmp_path / 'run' / 'iter_2.pth'))


def test_names_of_what_is_not_finite():
    good, bad = torch.ones(2), torch.tensor([1.0, float('nan')])
    assert not_finite(dict(a=good, b=torch.tensor([1]), c=torch.zeros(0))) == ''
    assert not_finite(dict(a=good, b=bad)) == 'b is'
    assert not_finite({str(i): bad for i in range(5)}) == '0, 1, 2 and 2 more are'


class Scaler:
    """A gradient scaler that is at work, or not, as on a CPU."""

    def __init__(self, enabled):
        self.is_enabled = lambda: enabled


@pytest.fixture
def amp():
    """Gives a run under AMP whose losses are told to the hook."""

    def make(enabled=True, kind=AmpOptimWrapper):
        wrapper = kind.__new__(kind)
        wrapper.loss_scaler = Scaler(enabled)
        said = []
        logger = SimpleNamespace(warning=said.append)
        return SimpleNamespace(optim_wrapper=wrapper, logger=logger, iter=3, work_dir='w'), said

    return make


def test_a_step_that_the_gradient_scaler_leaves_out_is_said(amp):
    runner, said = amp()
    hook, bad, good = FiniteHook(), dict(loss=torch.tensor(float('inf'))), dict(loss=torch.ones(1))
    hook.after_train_iter(runner, 0, None, bad)
    assert 'step 3: loss is not finite; the gradient scaler of AMP leaves' in said[0]
    hook.after_train_iter(runner, 0, None, good)
    for _ in range(3):  # others between: they are not in a row
        for _ in range(SKIPS):
            hook.after_train_iter(runner, 0, None, bad)
        hook.after_train_iter(runner, 0, None, good)
    for _ in range(SKIPS):
        hook.after_train_iter(runner, 0, None, bad)
    with pytest.raises(FloatingPointError, match=f'the last of {SKIPS + 1} in a row: loss is not'):
        hook.after_train_iter(runner, 0, None, bad)


def test_without_a_scaler_at_work_the_first_one_ends_the_run(amp):
    bad = dict(loss=torch.tensor(float('nan')))
    for arguments in (dict(enabled=False), dict(kind=OptimWrapper)):
        runner, said = amp(**arguments)
        with pytest.raises(FloatingPointError, match='step 3: loss is not finite'):
            FiniteHook().after_train_iter(runner, 0, None, bad)
        assert not said
    several = OptimWrapperDict.__new__(OptimWrapperDict)
    several.optim_wrappers = dict(a=amp()[0].optim_wrapper, b=amp()[0].optim_wrapper)
    assert leaves_out_steps(several)
    several.optim_wrappers['b'] = amp(enabled=False)[0].optim_wrapper
    assert not leaves_out_steps(several)
