"""Checkpoints that are never half, and runs that go on from whole ones."""

import errno
import os
import shutil

import pytest
import torch
from mmengine.registry import init_default_scope

from mmpose_al.checkpoint_files import damage
from mmpose_al.engine.hooks import safe_checkpoint
from mmpose_al.engine.hooks.safe_checkpoint import CheckedBackend, SafeCheckpointHook
from tests.test_engine.test_hooks.test_exact_resume import QuickRunner

COUNT = []


def run(folder, length=6, resume=False, workers=0, **hook):
    """Train a linear layer for some steps; gives the runner."""
    init_default_scope('mmpose')
    COUNT.append(0)
    options = dict(type='SafeCheckpointHook', interval=2, by_epoch=False, **hook)
    runner = QuickRunner(
        model=dict(type='ResumeModel'),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=dict(type='ResumeData', size=8),
            sampler=dict(type='InfiniteSampler'),
            batch_size=2,
            num_workers=workers,
        ),
        train_cfg=dict(by_epoch=False, max_iters=length, val_interval=2),
        val_cfg=dict(),
        val_evaluator=dict(type='ResumeMetric'),
        val_dataloader=dict(
            dataset=dict(type='ResumeData', size=2),
            sampler=dict(type='DefaultSampler', shuffle=False),
            batch_size=2,
            num_workers=0,
        ),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05)),
        default_hooks=dict(checkpoint=options),
        custom_hooks=[dict(type='ExactResumeHook')],
        randomness=dict(seed=3),
        resume=resume,
        log_level='ERROR',
        default_scope='mmpose',
        experiment_name=f'safe{len(COUNT)}',
    )
    runner.train()
    return runner


def steps(folder):
    return sorted(int(name[5:-4]) for name in os.listdir(str(folder)) if name.endswith('.pth'))


def weights(folder, step):
    path = os.path.join(str(folder), f'iter_{step}.pth')
    return torch.load(path, weights_only=False)['state_dict']


def test_files_are_whole_have_checksums_and_are_those_of_mmengine(tmp_path):
    run(tmp_path, max_keep_ckpts=2)
    assert steps(tmp_path) == [4, 6]
    assert sorted(name for name in os.listdir(str(tmp_path)) if name.endswith('.sha256')) == [
        'iter_4.pth.sha256',
        'iter_6.pth.sha256',
    ]
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'iter_6.pth')
    assert damage(str(tmp_path / 'iter_6.pth')) == ''
    content = torch.load(str(tmp_path / 'iter_6.pth'), weights_only=False)
    assert content['meta']['iter'] == 6
    assert content['message_hub']['runtime_info']['keep_ckpt_ids'] == [4, 6]


@pytest.mark.parametrize(
    'harm, goes_on_at',
    [
        (lambda path: path.write_bytes(b''), 4),
        (lambda path: path.write_bytes(path.read_bytes()[:500]), 4),
        (lambda path: os.remove(str(path)), 4),
        (lambda path: os.remove(str(path.parent / 'last_checkpoint')), 6),
        (lambda path: (path.parent / 'last_checkpoint').write_text(''), 6),
        (lambda path: (path.parent / 'last_checkpoint').write_text('/elsewhere/iter_9.pth'), 6),
    ],
    ids=['empty', 'half', 'gone', 'no note', 'empty note', 'outside'],
)
def test_a_run_goes_on_from_the_newest_that_is_whole(tmp_path, harm, goes_on_at, monkeypatch):
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    run(whole, 8)
    run(broken, 6)
    harm(broken / 'iter_6.pth')
    said = []
    monkeypatch.setattr(safe_checkpoint, 'print_log', lambda text, *_, **__: said.append(text))
    runner = run(broken, 8, resume=True)
    assert runner._load_from == str(broken / f'iter_{goes_on_at}.pth')
    assert said and all(text.startswith('resume: ') for text in said)
    for name, value in weights(whole, 8).items():
        assert torch.equal(value, weights(broken, 8)[name])


def test_no_whole_checkpoint_never_restarts_silently(tmp_path):
    run(tmp_path, 2)
    (tmp_path / 'iter_2.pth').write_bytes(b'PK')
    with pytest.raises(ValueError, match='no whole checkpoint to go on from.*iter_2.pth'):
        run(tmp_path, 4, resume=True)


def test_a_copy_goes_on_by_itself_and_leaves_the_original_alone(tmp_path):
    first, copy = tmp_path / 'first', tmp_path / 'copy'
    options = dict(save_best='n', rule='greater', max_keep_ckpts=1)
    run(first, 4, **options)
    before = {name: (first / name).stat().st_mtime_ns for name in os.listdir(str(first))}
    shutil.copytree(str(first), str(copy))
    content = torch.load(str(copy / 'iter_4.pth'), weights_only=False)
    content['message_hub']['runtime_info']['best_score'] = -1.0  # the next one is better
    torch.save(content, str(copy / 'iter_4.pth'))
    os.remove(str(copy / 'iter_4.pth.sha256'))
    runner = run(copy, 6, resume=True, **options)
    assert runner._load_from == str(copy / 'iter_4.pth')
    assert before == {name: (first / name).stat().st_mtime_ns for name in before}
    assert sorted(name for name in os.listdir(str(copy)) if name.startswith('best')) == [
        'best_n_iter_6.pth',
        'best_n_iter_6.pth.sha256',
    ]


@pytest.mark.parametrize(
    'name, rule',
    [('multiview/two_views', 'less'), ('confidence/ECE', 'less'), ('pck/laptop@0.1', 'greater')],
)
def test_the_best_is_what_the_metric_says(name, rule):
    assert SafeCheckpointHook(save_best=name).rules == [rule]
    other = {'less': 'greater', 'greater': 'less'}[rule]
    assert SafeCheckpointHook(save_best=['n', name], rule=[rule, other]).rules == [rule, other]
    with pytest.raises(ValueError, match='Cannot infer the rule'):
        SafeCheckpointHook(save_best='n')


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    put = CheckedBackend.put

    def full(self, obj, filepath):
        if str(filepath).endswith('iter_4.pth'):
            raise OSError(errno.ENOSPC, 'No space left on device', str(filepath))
        put(self, obj, filepath)

    monkeypatch.setattr(CheckedBackend, 'put', full)
    with pytest.raises(OSError, match='No space left'):
        run(tmp_path, 4, max_keep_ckpts=1)
    assert steps(tmp_path) == [2] and damage(str(tmp_path / 'iter_2.pth')) == ''


def test_the_folder_that_mmengine_made_outlives_a_power_loss(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(safe_checkpoint, 'sync_parents', synced.append)
    run(tmp_path / 'new', 2)
    assert synced == [str(tmp_path / 'new')]


def test_another_backend_stays(tmp_path):
    assert SafeCheckpointHook().backend_args == dict(backend=safe_checkpoint.BACKEND)
    assert SafeCheckpointHook(backend_args=dict(backend='local')).backend_args['backend'] == 'local'
    assert SafeCheckpointHook(out_dir='s3://bucket/runs').backend_args is None
