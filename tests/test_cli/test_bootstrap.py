"""``mmpose-al bootstrap``: its options, the files that it names, and what it says."""

import argparse
import os.path as osp
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from mmpose_al.cli import bootstrap as command_module
from mmpose_al.cli import launch
from mmpose_al.engine import bootstrapping
from tests.commands import command

NOTED = dict(joints=30, of=40, annotations=5, weight=0.625, mkpe=12.34)


@pytest.fixture
def fake(monkeypatch):
    """A config and pseudo-labels of nothing; notes what was asked."""
    asked = {}

    def bootstrap(cfg, checkpoint, rules):
        asked.update(cfg=cfg, checkpoint=checkpoint, rules=rules)
        return SimpleNamespace(labeled=[1, 2, 3]), 'views', 'labels'

    def written(rig, made, path):
        asked['out'] = path
        return NOTED

    monkeypatch.setattr(launch, 'read_config', lambda name: Config(dict(name=name, lr=1)))
    monkeypatch.setattr(bootstrapping, 'bootstrap', bootstrap)
    monkeypatch.setattr(bootstrapping, 'labeled_source', lambda cfg: None)
    monkeypatch.setattr(bootstrapping, 'write_bootstrap', written)
    monkeypatch.setattr(
        bootstrapping, 'bootstrapped_config', lambda cfg, rig, rules, path: Config(dict(of=path))
    )
    return asked


def test_files_and_words(fake, tmp_path, capsys):
    out = tmp_path / 'pseudo.json'
    command('bootstrap', 'c.py', 'a.pth', '--out', out, '--cfg-options', 'lr=3')
    said = capsys.readouterr().out
    assert f'{out}: 30 of 40 joints (75.0%) in 5 views, mean weight 0.62, 12.3 mm off' in said
    assert f'{tmp_path}/pseudo.py: trains on 3 labelled views' in said and ' train ' in said
    assert Config.fromfile(str(tmp_path / 'pseudo.py')).of == fake['out'] == str(out)
    assert fake['cfg'].lr == 3 and fake['checkpoint'] == 'a.pth'
    rules = fake['rules']
    assert (rules.min_inliers, rules.threshold, rules.weight) == (None, None, 'inliers')
    assert rules.exchange and rules.batch_size is None
    assert 'mm off' not in command_module.as_text(dict(NOTED, mkpe=None), 'x')


def test_options(fake, tmp_path):
    words = '--min-inliers 3 --threshold 2.5 --weight none --no-exchange --batch-size 16'
    config = tmp_path / 'other.py'
    out = tmp_path / 'pseudo.json'
    command('bootstrap', 'c', 'a', '--out', out, '--config-out', config, *words.split())
    rules = fake['rules']
    assert (rules.min_inliers, rules.threshold, rules.weight) == (3, 2.5, None)
    assert (rules.exchange, rules.batch_size) == (False, 16) and config.exists()
    parser = argparse.ArgumentParser()
    command_module.add_rules(parser)
    assert command_module.rules_of(parser.parse_args([]))['weight'] == 'inliers'


def test_an_annotation_file_is_json_and_a_config_python(fake, tmp_path):
    with pytest.raises(SystemExit):
        command('bootstrap', 'c.py', 'a.pth', '--out', tmp_path / 'pseudo')
    out = ('--out', tmp_path / 'pseudo.json')
    with pytest.raises(SystemExit):
        command('bootstrap', 'c.py', 'a.pth', *out, '--config-out', tmp_path / 'pseudo.yaml')
    assert not fake


def test_without_a_checkpoint_it_is_the_newest_of_the_configs_folder(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match='work_dirs/c has no checkpoint. Train c.py first'):
        command('bootstrap', 'c.py', '--out', 'pseudo.json')
    (tmp_path / 'mine').mkdir()
    for step in (4, 8):
        torch.save({}, str(tmp_path / 'mine' / f'iter_{step}.pth'))
    command('bootstrap', 'c.py', '--out', 'pseudo.json', '--cfg-options', 'work_dir=mine')
    assert fake['checkpoint'] == osp.join('mine', 'iter_8.pth')
    assert fake['rules'].unlabeled
    command('bootstrap', 'c.py', 'a.pth', '--out', 'pseudo.json', '--no-unlabeled')
    assert fake['checkpoint'] == 'a.pth' and not fake['rules'].unlabeled
