"""What only training takes."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmpose_al.cli.errors import CommandError
from mmpose_al.cli.train import OLD_KEYS, merge_args, refuse_old_keys


def arguments(**changes):
    given = dict(config='c.py', no_validate=False, amp=False, resume=None, auto_scale_lr=False)
    return SimpleNamespace(**{**given, 'show': False, 'show_dir': None, **changes})


def config(**changes):
    return Config(
        dict(optim_wrapper=dict(optimizer=dict(type='SGD')), load_from='a.pth', **changes)
    )


def merged(cfg, **changes):
    merge_args(cfg, arguments(**changes))
    return cfg


def test_nothing_asked_changes_nothing():
    assert merged(config()).to_dict() == config().to_dict()


def test_resume_from_the_latest_or_from_a_checkpoint(tmp_path):
    (tmp_path / 'iter_10.pth').touch()
    folder = str(tmp_path)
    latest, other = (merged(config(work_dir=folder), resume=value) for value in ('auto', 'b.pth'))
    assert latest.resume and latest.load_from is None
    assert other.resume and other.load_from == 'b.pth'


@pytest.mark.parametrize('left', [None, 'train.log'])
def test_a_run_that_has_not_begun_starts_from_the_configs_weights(tmp_path, left):
    if left:
        (tmp_path / left).touch()
    cfg = merged(config(work_dir=str(tmp_path)), resume='auto')
    assert not cfg.resume and cfg.load_from == 'a.pth'


@pytest.mark.parametrize('left', ['last_checkpoint', 'epoch_3.pth'])
def test_a_run_that_has_begun_never_starts_anew(tmp_path, left):
    (tmp_path / left).touch()  # damaged: the hook tells what to do
    assert merged(config(work_dir=str(tmp_path)), resume='auto').resume


def test_a_training_in_the_folder_of_another_is_told(tmp_path, capsys):
    merged(config(work_dir=str(tmp_path)))
    assert capsys.readouterr().err == ''
    (tmp_path / 'iter_6.pth').touch()
    merged(config(work_dir=str(tmp_path)), resume='auto')
    merged(config(work_dir=str(tmp_path), active_learning={}))
    assert capsys.readouterr().err == ''
    merged(config(work_dir=str(tmp_path)))
    assert 'checkpoints of another training; this one begins anew' in capsys.readouterr().err


def test_an_experiment_keeps_where_its_rounds_start():
    cfg = merged(config(train_cfg=dict(type='ActiveLearningLoop')), resume='auto')
    assert cfg.load_from == 'a.pth' and 'resume' not in cfg
    with pytest.raises(CommandError, match='c.py: an experiment goes on from its own'):
        merged(cfg, resume='b.pth')


def test_validation_is_dropped_whole():
    cfg = merged(config(val_cfg=dict(), val_dataloader=dict(a=1)), no_validate=True)
    assert (cfg.val_cfg, cfg.val_dataloader, cfg.val_evaluator) == (None, None, None)


def test_mixed_precision_replaces_the_plain_wrapper_only():
    wrapper = merged(config(), amp=True).optim_wrapper
    assert (wrapper.type, wrapper.loss_scale) == ('AmpOptimWrapper', 'dynamic')
    cfg = config()
    cfg.optim_wrapper.type = 'MyOptimWrapper'
    with pytest.raises(CommandError, match='optim_wrapper.type is MyOptimWrapper'):
        merged(cfg, amp=True)


def test_the_learning_rate_is_scaled_by_what_the_config_says():
    cfg = config(auto_scale_lr=dict(base_batch_size=8))
    assert merged(cfg, auto_scale_lr=True).auto_scale_lr.enable
    with pytest.raises(CommandError, match='base_batch_size'):
        merged(config(), auto_scale_lr=True)


def test_drawing_needs_the_hook_in_the_config():
    with pytest.raises(CommandError, match="visualization = dict\\(type='PoseVisualizationHook'"):
        merged(config(), show=True)


@pytest.mark.parametrize('key', OLD_KEYS)
def test_keys_of_mmpose_0_are_refused(key):
    """MMEngine would train as if they were not there (mmpose#1351)."""
    refuse_old_keys(config(**{key: None}), 'c.py')
    with pytest.raises(CommandError, match=f'c.py: {key} is a key of MMPose 0.x.*; write '):
        refuse_old_keys(config(**{key: dict(interval=1)}), 'c.py')
