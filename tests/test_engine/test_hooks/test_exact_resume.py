"""Runs that are broken off and resumed; also the program that gets killed."""

import json
import os
import os.path as osp
import random
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils import digit_version
from mmpose.registry import DATASETS, HOOKS, METRICS, MODELS

from mmpose_al.engine.hooks import exact_resume
from mmpose_al.engine.hooks.exact_resume import (
    has_own_statistics,
    seed_everything,
    sync_advice,
    warn_if_not_exact,
    warn_of_other_rate,
)
from tests import ROOT

META = {
    key: []
    for key in (
        'upper_body_ids',
        'lower_body_ids',
        'flip_pairs',
        'dataset_keypoint_weights',
        'flip_indices',
    )
}
READS = []
checked_by_default = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6.0'),
    reason='PyTorch loads with weights_only=True by itself since 2.6',
)


@DATASETS.register_module(force=True)
class ResumeData(BaseDataset):
    """Numbers with noise from all three generators; notes what is read."""

    METAINFO = dict(META, num_keypoints=1)

    def __init__(self, size, first=0):
        self.size, self.first = size, first
        super().__init__(serialize_data=False)  # which collects garbage

    def load_data_list(self):
        return [dict(id=self.first + i) for i in range(self.size)]

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        READS.append(info['id'])
        noise = random.random() + np.random.rand() + torch.rand(1).item()
        return dict(x=torch.tensor([info['id'] / 10, noise]), id=info['id'])


@MODELS.register_module(force=True)
class ResumeModel(BaseModel):
    """A linear layer behind dropout; validation draws random numbers too."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x, id, mode='tensor', **kwargs):
        x = torch.stack(list(x))
        if mode == 'loss':
            x = torch.nn.functional.dropout(x, 0.3)
            return dict(loss=(self.layer(x) - random.random()).pow(2).mean())
        random.random(), torch.rand(3), np.random.rand()
        return list(x)


@MODELS.register_module(force=True)
class ResumeNormModel(ResumeModel):
    """With a layer that keeps statistics, if it were used."""

    def __init__(self, norm):
        super().__init__()
        self.norm = getattr(torch.nn, norm)(2)


@METRICS.register_module(force=True)
class ResumeMetric(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return dict(n=len(results))


class QuickRunner(Runner):
    """Asking compilers for their versions takes most of a short run."""

    def _log_env(self, env_cfg):
        pass


class Stopped(Exception):
    pass


@HOOKS.register_module(force=True)
class Record(Hook):
    """Write every loss at once; break the run off before iteration ``stop``."""

    priority = 'LOWEST'

    def __init__(self, path, stop=None, kill=False):
        self.path, self.stop, self.kill = path, stop, kill

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.ids = [int(i) for i in data_batch['id']]
        if runner.iter == self.stop:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise Stopped

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        with open(self.path, 'a') as file:
            file.write(
                json.dumps(dict(iter=runner.iter, ids=self.ids, loss=outputs['loss'].item())) + '\n'
            )


MIXED = dict(
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(type='ResumeData', size=5),
        unlabeled=dict(type='ResumeData', size=9, first=100),
    ),
    sampler=dict(type='LabeledUnlabeledSampler', batch_size=4),
    batch_size=4,
)


# The batch size in one place
ONE_PLACE = dict(
    MIXED,
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'),
)


def plain(sampler):
    return dict(
        dataset=dict(type='ResumeData', size=14),
        sampler=dict(type=sampler, shuffle=True),
        batch_size=4,
    )


def run(
    folder,
    data=MIXED,
    by_epoch=False,
    workers=0,
    stop=None,
    kill=False,
    resume=False,
    length=12,
    val=False,
    hook=True,
    seed=11,
    name='log',
    model=dict(type='ResumeModel'),
    load_cfg=None,
    **randomness,
):
    """One run; returns the lines it wrote, oldest first."""
    init_default_scope('mmpose')
    run.count += 1
    log = osp.join(folder, f'{name}.jsonl')
    loader = dict(data, num_workers=workers, persistent_workers=workers > 0)
    cfg = dict(train_cfg=dict(by_epoch=by_epoch, val_interval=3))
    cfg['train_cfg']['max_epochs' if by_epoch else 'max_iters'] = length
    if val:
        cfg.update(
            val_cfg=dict(),
            val_evaluator=dict(type='ResumeMetric'),
            val_dataloader=dict(
                dataset=dict(type='ResumeData', size=3, first=500),
                sampler=dict(type='DefaultSampler', shuffle=False),
                batch_size=2,
                num_workers=0,
            ),
        )
    runner = QuickRunner(
        model=model,
        work_dir=folder,
        train_dataloader=loader,
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, end=9, by_epoch=False)],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=3, by_epoch=False)),
        custom_hooks=[dict(type='ExactResumeHook')] * hook
        + [dict(type='Record', path=log, stop=stop, kill=kill)],
        randomness=dict(seed=seed, **randomness),
        resume=resume,
        log_level='ERROR',
        default_scope='mmpose',
        experiment_name=f'resume{run.count}',
        cfg=dict(load_cfg=load_cfg),
        **cfg,
    )
    try:
        runner.train()
    finally:  # the garbage collector would wait 5 s for each worker
        if workers:
            runner.train_dataloader._iterator._shutdown_workers()
    return lines(log)


run.count = 0


def lines(log):
    with open(log) as file:
        return [json.loads(line) for line in file]


def broken_then_resumed(folder, stop, **kwargs):
    with pytest.raises(Stopped):
        run(folder, stop=stop, **kwargs)
    return run(folder, resume=True, name='resumed', **kwargs)


def check_same(resumed, whole, first):
    assert [line['iter'] for line in resumed] == list(range(first, len(whole)))
    assert resumed == whole[first:]  # ids and losses, to the last bit


# --------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch):
    """MMEngine sleeps 2 s at the end of every pass."""
    monkeypatch.setattr('mmengine.runner.loops.time', SimpleNamespace(sleep=lambda seconds: None))


@pytest.mark.parametrize('workers', [0, 2])
def test_killed_and_resumed_equals_unbroken(tmp_path, workers):
    """SIGKILL before iteration 7; the last checkpoint is that of 6."""
    whole = run(str(tmp_path / 'whole'), workers=workers, val=True)
    assert len({line['loss'] for line in whole}) == 12
    folder = str(tmp_path / 'killed')
    command = [sys.executable, osp.abspath(__file__), folder, str(workers), '7']
    environment = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=ROOT)
    killed = subprocess.run(command, env=environment, stderr=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert lines(osp.join(folder, 'log.jsonl')) == whole[:7]
    resumed = run(folder, workers=workers, val=True, resume=True, name='resumed')
    check_same(resumed, whole, 6)


def test_validation_changes_nothing(tmp_path):
    assert run(str(tmp_path / 'a')) == run(str(tmp_path / 'b'), val=True)


@pytest.mark.parametrize('workers', [2, 3])
def test_workers_change_nothing(tmp_path, workers):
    """Nor do 3, which draw more batches ahead than an epoch has."""
    assert run(str(tmp_path / 'a')) == run(str(tmp_path / 'b'), workers=workers)


def test_without_the_hook_it_is_not_exact(tmp_path):
    """Else the tests here would show nothing."""
    whole = run(str(tmp_path / 'whole'), hook=False)
    resumed = broken_then_resumed(str(tmp_path / 'b'), 7, hook=False)
    assert resumed != whole[6:]


@pytest.mark.parametrize('sampler', ['DefaultSampler', 'InfiniteSampler'])
def test_samplers_of_mmengine(tmp_path, sampler):
    data = plain(sampler)
    whole = run(str(tmp_path / 'whole'), data)
    without = run(str(tmp_path / 'without'), data, hook=False)
    assert [w['ids'] for w in whole] == [w['ids'] for w in without]
    del READS[:]
    resumed = broken_then_resumed(str(tmp_path / 'broken'), 7, data=data)
    check_same(resumed, whole, 6)
    # 8 batches until the break, 6 after it (14 samples: 4 batches a pass)
    assert len(READS) == sum(len(line['ids']) for line in whole[:8] + whole[6:])


@pytest.mark.parametrize('sampler', ['InfiniteSampler'])
def test_indices_continue_with_workers(tmp_path, sampler):
    """The workers' noise does not, as the hook warns, but the order does."""
    whole = run(str(tmp_path / 'whole'), plain(sampler), workers=2)
    resumed = broken_then_resumed(str(tmp_path / 'broken'), 7, data=plain(sampler), workers=2)
    assert [r['ids'] for r in resumed] == [w['ids'] for w in whole[6:]]


@pytest.mark.parametrize('data', [MIXED, plain('DefaultSampler')], ids=['mixed', 'plain'])
@pytest.mark.parametrize('stop, first', [(7, 6), (10, 9), (11, 9)])
def test_epochs(tmp_path, data, stop, first):
    """4 epochs: of 5 (mixed) or 4 (plain) batches; 6 and 9 are mid-epoch."""
    args = dict(data=data, by_epoch=True, length=3, val=True)
    whole = run(str(tmp_path / 'whole'), **args)
    assert len(whole) == 3 * (5 if data is MIXED else 4)
    resumed = broken_then_resumed(str(tmp_path / 'broken'), stop, **args)
    check_same(resumed, whole, first)


@pytest.mark.parametrize('by_epoch, stop, first', [(False, 7, 6), (True, 10, 9)])
@pytest.mark.parametrize('workers', [0, 2])
def test_the_batch_size_in_one_place_changes_nothing(tmp_path, by_epoch, stop, first, workers):
    args = dict(by_epoch=by_epoch, length=3 if by_epoch else 12, workers=workers)
    whole = run(str(tmp_path / 'whole'), MIXED, **args)
    assert run(str(tmp_path / 'one'), ONE_PLACE, **args) == whole
    resumed = broken_then_resumed(str(tmp_path / 'broken'), stop, data=ONE_PLACE, **args)
    check_same(resumed, whole, first)


def test_shares_are_resumed_exactly(tmp_path):
    more = dict(type='ResumeData', size=4, first=200)
    dataset = dict(MIXED['dataset'], labeled=[MIXED['dataset']['labeled'], more])
    data = dict(ONE_PLACE, dataset=dict(dataset, shares=[1, 1, 2]))
    whole = run(str(tmp_path / 'whole'), data)
    for line in whole:
        kinds = [i // 100 for i in line['ids']]
        assert kinds == [0, 2, 1, 1]
    check_same(broken_then_resumed(str(tmp_path / 'broken'), 7, data=data), whole, 6)


def test_seed_of_the_checkpoint_rules(tmp_path):
    """A run without a stated seed draws one; the resumed run takes it over."""
    folder = str(tmp_path)
    with pytest.raises(Stopped):
        run(folder, stop=11, seed=None)
    whole = lines(osp.join(folder, 'log.jsonl'))
    os.remove(osp.join(folder, 'iter_9.pth'))
    with open(osp.join(folder, 'last_checkpoint'), 'w') as file:
        file.write(osp.join(folder, 'iter_6.pth'))
    resumed = run(folder, resume=True, seed=None, name='resumed', length=11)
    check_same(resumed, whole, 6)


def test_seed_of_the_sampler_rules_over_that_of_the_run(tmp_path):
    data = dict(MIXED, sampler=dict(MIXED['sampler'], seed=77))
    whole = run(str(tmp_path / 'whole'), data)
    other = run(str(tmp_path / 'other'), data, seed=12)
    assert [w['ids'] for w in whole] == [o['ids'] for o in other]
    check_same(broken_then_resumed(str(tmp_path / 'b'), 7, data=data), whole, 6)


def test_different_seeds_of_ranks(tmp_path):
    args = dict(diff_rank_seed=True)
    whole = run(str(tmp_path / 'whole'), **args)
    check_same(broken_then_resumed(str(tmp_path / 'b'), 7, **args), whole, 6)


@pytest.mark.parametrize(
    'data',
    [MIXED, plain('DefaultSampler'), plain('InfiniteSampler')],
    ids=['mixed', 'default', 'infinite'],
)
def test_resume_at_iteration_20000_reads_nothing_twice(tmp_path, data):
    folder = str(tmp_path)
    run(folder, data, length=3)
    path = osp.join(folder, 'iter_3.pth')
    checkpoint = torch.load(path)
    checkpoint['meta']['iter'] = 20000
    torch.save(checkpoint, path)
    del READS[:]
    resumed = run(folder, data, length=20002, resume=True, name='resumed')
    assert [line['iter'] for line in resumed] == [20000, 20001]
    assert len(READS) == sum(len(line['ids']) for line in resumed) <= 8


@pytest.mark.parametrize(
    'norm, ranks, told',
    [('BatchNorm1d', 2, True), ('BatchNorm1d', 1, False), ('InstanceNorm1d', 2, False)],
)
def test_own_statistics_of_ranks_are_not_exact(tmp_path, monkeypatch, norm, ranks, told):
    """The checkpoint has rank 0's alone; a resumed run says so, a new one does not."""
    name, said = 'mmpose_al.engine.hooks.exact_resume.', []
    monkeypatch.setattr(name + 'print_log', lambda text, *_, **__: said.append(text))
    monkeypatch.setattr(name + 'get_world_size', lambda: ranks)
    args = dict(model=dict(type='ResumeNormModel', norm=norm), length=4)
    with pytest.raises(Stopped):
        run(str(tmp_path), stop=3, **args)
    assert said == []
    run(str(tmp_path), resume=True, name='resumed', **args)
    assert ["rank 0's BatchNorm" in text for text in said] == [True] * told
    assert not has_own_statistics(torch.nn.SyncBatchNorm(2))


@pytest.mark.parametrize(
    'config, told',
    [
        (dict(optim_wrapper=dict(optimizer=dict(lr=0.1))), True),
        (dict(optim_wrapper=dict(optimizer=dict(lr=0.0005))), False),
        (dict(optim_wrapper=dict(optimizer=dict(lr=0.1), paramwise_cfg=dict(x=1))), False),
        (dict(optim_wrapper=dict(optimizer=dict(lr=0.1)), auto_scale_lr=dict(enable=True)), False),
        ({}, False),
    ],
)
def test_a_rate_that_a_resume_does_not_take_is_told(config, told, monkeypatch):
    said = []
    monkeypatch.setattr(exact_resume, 'print_log', lambda text, *more, **rest: said.append(text))
    groups = [dict(lr=0.00005, initial_lr=0.0005)]
    wrapper = SimpleNamespace(optimizer=SimpleNamespace(param_groups=groups))
    warn_of_other_rate(config, wrapper)
    assert ['0.1 and without effect' in text for text in said] == [True] * told
    warn_of_other_rate(config, SimpleNamespace())  # several optimisers


def test_batch_size_must_agree(tmp_path):
    with pytest.raises(ValueError, match='batch_size is 2.*Sampler 4'):
        run(str(tmp_path), dict(MIXED, batch_size=2))


def test_advice_fits_the_machine(tmp_path, monkeypatch):
    """SyncBN needs GPUs: on CPUs it crashes."""
    assert "sync_bn='torch'" in sync_advice(True) and 'sync_bn' not in sync_advice(False)
    said = []
    monkeypatch.setattr(exact_resume, 'print_log', lambda text, *_, **__: said.append(text))
    monkeypatch.setattr(exact_resume, 'get_world_size', lambda: 2)
    loader = SimpleNamespace(num_workers=0)
    warn_if_not_exact(loader, torch.nn.Sequential(torch.nn.BatchNorm2d(2)))
    assert 'no SyncBN: train in one process' in said[0]


def test_seeds_differ_by_iteration_rank_and_purpose(monkeypatch):
    def draw(*args):
        seed_everything(*args)
        return random.random(), np.random.rand(), torch.rand(1).item()

    base = draw(1, 5, 'step')
    assert draw(1, 5, 'step') == base
    others = [draw(1, 5, 'data'), draw(1, 6, 'step'), draw(2, 5, 'step')]
    monkeypatch.setattr('mmpose_al.engine.hooks.exact_resume.get_rank', lambda: 1)
    others.append(draw(1, 5, 'step'))
    for other in others:
        assert not set(other) & set(base)


@checked_by_default
def test_checkpoint_loads_with_weights_only(tmp_path):
    run(str(tmp_path), length=3)
    checkpoint = torch.load(str(tmp_path / 'iter_3.pth'), weights_only=True)
    assert checkpoint['meta']['iter'] == 3
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert len(history.data[0]) == 3


if __name__ == '__main__':
    from tests.quick import quick

    torch.set_num_threads(1)
    quick()
    run(sys.argv[1], workers=int(sys.argv[2]), stop=int(sys.argv[3]), kill=True, val=True)


def test_a_run_on_other_data_is_refused_unless_it_is_named(tmp_path):
    folder = str(tmp_path)
    run(folder, length=3)
    path = str(tmp_path / 'iter_3.pth')
    kept = torch.load(path, weights_only=True)
    noted = kept['meta']['training_data']
    assert set(noted) == {'labels', 'unlabeled', 'batch_size', 'processes'} and noted['unlabeled']
    kept['meta']['training_data'] = dict(noted, labels='0' * 16)
    torch.save(kept, path)
    with pytest.raises(ValueError, match=r"labels changed.*load_cfg = dict\(changed=\['labels'\]"):
        run(folder, length=4, resume=True)
    assert len(run(folder, length=4, resume=True, load_cfg=dict(changed=['labels']))) == 4
    del kept['meta']['training_data']  # of an older version
    torch.save(kept, path)
    (tmp_path / 'last_checkpoint').write_text(path)
    assert run(folder, length=4, resume=True)
