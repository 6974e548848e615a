"""A number that is no number ends a run."""

import glob
import os.path as osp

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpose_al.engine.hooks.finite import not_finite
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
