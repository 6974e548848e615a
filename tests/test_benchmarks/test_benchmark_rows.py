"""What the rows of the tables run, and what they cost."""

import glob
import importlib
import json
import os
import os.path as osp

import pytest

from benchmarks import semi_supervised
from tests import ROOT


@pytest.mark.parametrize('table', semi_supervised.TABLES)
def test_every_row_has_a_config_and_the_seed_sets_its_labels(table):
    for row, path in semi_supervised.TABLES[table].items():
        config = semi_supervised.load_config(path)
        options = semi_supervised.seed_options(config, 5)
        labeled, key = config.train_dataloader.dataset.labeled, 'labeled'
        if isinstance(labeled, list):  # labels of people, and pseudo-labels
            labeled, key = labeled[0], 'labeled.0'
        key = f'train_dataloader.dataset.{key}.labels.seed'
        assert (options.get(key) == 5) == (row != 'supervised-all'), row
        assert bool(labeled.get('labels')) == (row != 'supervised-all'), row


def config_of(table, row):
    return semi_supervised.load_config(semi_supervised.TABLES[table][row])


def equal_compute(table, row):
    configs = config_of(table, row), config_of(table, 'posedual-a')
    return semi_supervised.equal_compute(*configs, row)


def test_equal_compute_by_hand():
    assert config_of('lspet', 'supervised').train_cfg.max_iters == 1000
    # 14 forwards a step of PoseDual, 3 of supervised training: 1000 * 14 / 3
    assert equal_compute('lspet', 'supervised') == {
        'train_cfg.max_iters': 4667,
        'param_scheduler.1.milestones': [3266, 4200],
        'param_scheduler.1.end': 4667,
    }


@pytest.mark.parametrize(
    'path', sorted(glob.glob(osp.join(ROOT, 'benchmarks/results/lspet-compute/*_seed0.json')))
)
def test_the_kept_results_took_as_many_steps_as_cost_the_same(path):
    with open(path) as file:
        result = json.load(file)
    assert equal_compute('lspet', result['row'])['train_cfg.max_iters'] == result['steps']


def test_equal_compute_is_not_counted_where_unlabelled_images_join_later():
    with pytest.raises(ValueError, match='posedual-a has start=600'):
        equal_compute('synthetic', 'posedual-a')


@pytest.mark.parametrize('table, tested', [('synthetic', True), ('lspet', False)])
def test_a_run_keeps_the_last_validation_and_the_test_set(table, tested, tmp_path, monkeypatch):
    commands = []

    def run(command, cwd, **kwargs):
        commands.append(command[1:])
        folder = osp.join(cwd, command[command.index('--work-dir') + 1])
        if 'tools/train.py' in command:
            os.makedirs(osp.join(folder, 'vis_data'))
            with open(osp.join(folder, 'vis_data', 'scalars.json'), 'w') as file:
                for step in (6, 9):
                    file.write(json.dumps({'step': step, 'pck/a': float(step)}) + '\n')
            for name, text in (('iter_9.pth', ''), ('last_checkpoint', '/elsewhere/iter_9.pth')):
                with open(osp.join(folder, name), 'w') as file:
                    file.write(text)
        else:
            with open(osp.join(cwd, command[command.index('--out') + 1]), 'w') as file:
                json.dump({'pck/a': 3.0}, file)

    path = osp.join(ROOT, semi_supervised.TABLES[table]['supervised'])
    monkeypatch.setattr(semi_supervised, 'ROOT', str(tmp_path))
    monkeypatch.setitem(semi_supervised.TABLES[table], 'supervised', path)
    monkeypatch.setattr(semi_supervised.subprocess, 'run', run)
    semi_supervised.run(table, 'supervised', 4, ['a.b=1'])
    with open(str(tmp_path / 'benchmarks' / 'results' / table / 'supervised_seed4.json')) as file:
        result = json.load(file)
    assert (result['steps'], result['metrics']) == (9, {'pck/a': 9.0})
    assert result['labels']['seed'] == result['seed'] == 4
    assert result.get('test') == ({'pck/a': 3.0} if tested else None)
    assert len(commands) == 1 + tested
    assert 'randomness.seed=4' in commands[0] and commands[0][-1] == 'a.b=1'
    if tested:
        own = tmp_path / 'work_dirs' / 'benchmarks' / table / 'supervised_seed4' / 'iter_9.pth'
        assert commands[1][:3] == ['tools/test.py', path, str(own)]
        assert commands[1][-2:] == ['--cfg-options', 'a.b=1']
    semi_supervised.run(table, 'supervised', 4, [])
    assert len(commands) == 1 + tested  # done before


def test_a_teacher_that_is_gone_is_trained_again(tmp_path, monkeypatch):
    result = tmp_path / 'benchmarks' / 'results' / 'synthetic' / 'supervised_seed4.json'
    result.parent.mkdir(parents=True)
    result.write_text('kept')
    teacher = tmp_path / 'work_dirs/benchmarks/synthetic/supervised_seed4/iter_9.pth'
    commands = []

    def run(command, cwd, **kwargs):
        commands.append(command[1:])
        teacher.parent.mkdir(parents=True, exist_ok=True)
        teacher.write_text('')

    path = osp.join(ROOT, semi_supervised.TABLES['synthetic']['supervised'])
    monkeypatch.setattr(semi_supervised, 'ROOT', str(tmp_path))
    monkeypatch.setitem(semi_supervised.TABLES['synthetic'], 'supervised', path)
    monkeypatch.setattr(semi_supervised.subprocess, 'run', run)
    semi_supervised.run('synthetic', 'supervised', 4, [])
    assert not commands
    for _ in range(2):
        semi_supervised.run('synthetic', 'supervised', 4, [], checkpoint='iter_9.pth')
        assert [command[0] for command in commands] == ['tools/train.py']
    assert result.read_text() == 'kept'


def test_posedual_at_equal_compute_is_its_usual_run(tmp_path, monkeypatch):
    results = tmp_path / 'benchmarks' / 'results'
    (results / 'lspet').mkdir(parents=True)
    (results / 'lspet' / 'posedual-a_seed4.json').write_text('{"table": "lspet", "steps": 1000}')
    path = osp.join(ROOT, semi_supervised.TABLES['lspet']['posedual-a'])
    monkeypatch.setattr(semi_supervised, 'ROOT', str(tmp_path))
    monkeypatch.setitem(semi_supervised.TABLES['lspet'], 'posedual-a', path)
    monkeypatch.setattr(semi_supervised.subprocess, 'run', None)  # not called
    semi_supervised.run('lspet', 'posedual-a', 4, [], equal=True)
    kept = json.loads((results / 'lspet-compute' / 'posedual-a_seed4.json').read_text())
    assert kept == {'table': 'lspet-compute', 'steps': 1000}


@pytest.mark.parametrize(
    'table, row, expected',
    [
        ('lspet', 'supervised', 3),
        ('lspet', 'supervised-all', 3),
        ('lspet', 'posecons-a', 7),
        ('lspet', 'posecons-a-jc', 7),
        ('lspet', 'posedual-a', 14),
        ('lspet', 'denoised-a-jc', 18),
        ('lspet', 'multipath-single', 10),
        ('lspet', 'multipath-dual', 20),
        ('lspet', 'multipath-denoised', 24),
        ('synthetic', 'meanteacher-99-a', 7),
        ('synthetic', 'posecons-no-detach', 9),
    ],
)
def test_cost_of_a_row(table, row, expected):
    assert semi_supervised.forwards(config_of(table, row)) == expected


@pytest.mark.parametrize(
    'name',
    ['supervised', 'DataDistill A', 'Yu24 A, K=1', 'MultiView A', 'MultiPath single', 'Iqbal20 WS'],
)
def test_a_row_of_semi_step_runs(name):
    """The kinds of samples that the methods ask for are those of its batches."""
    import argparse

    import torch
    from mmengine.registry import init_default_scope

    semi_step = importlib.import_module('benchmarks.semi_step')
    init_default_scope('mmpose')
    row = semi_step.measure(
        name, argparse.Namespace(size=32, batch=8, repeats=1, backbone='lite0'), torch.device('cpu')
    )
    assert row['method'] == name and row['ratio'] > 0
    with open(osp.join(ROOT, 'benchmarks/results/semi_step.json')) as file:
        kept = {row['method']: row for row in json.load(file)['rows']}
    assert row['ideal'] == kept[name]['ideal']
