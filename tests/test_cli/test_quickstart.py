import json

import pytest
from mmengine.config import Config

from mmpose_al.cli import quickstart
from mmpose_al.cli.main import main
from mmpose_al.config_files import list_configs
from mmpose_al.fileio import locked

ALONE = {'pck/bbox@0.1': 40.04, 'coco/AP': 0.2, 'multiview/MKPE': 171.23}


def row(labels, method, **metrics):
    return quickstart.Row(labels, method, metrics or ALONE)


def test_the_configs_of_the_main_job_exist():
    assert {quickstart.EXPERIMENT, quickstart.TRAINING} <= set(list_configs())


def test_a_line_tells_what_was_labelled_and_what_came_out():
    full = row('all 378 frames', 'labels alone', **{'pck/bbox@0.1': 89.71})
    lines = quickstart.table([row('4 frames', 'labels alone'), full], 1200)
    assert 'Synthetic benchmark' in lines[0] and '1,200 steps' in lines[1]
    assert [line.split()[-3:] for line in lines[5:]] == [
        ['40.0', '20.0', '171.2'],
        ['89.7', '-', '-'],
    ]
    assert len({len(line) for line in lines[3:]}) == 1


def test_lines_come_by_what_is_labelled():
    experiment = [
        row('4 frames', 'labels alone'),
        row('4 frames', 'and bootstrapping'),
        row('8 frames, 4 chosen', 'labels alone'),
    ]
    made = quickstart.rows_of(experiment, [row('4 frames', 'MultiViewPoseDual')], row('all', 'x'))
    assert [each.method for each in made] == [
        'labels alone',
        'and bootstrapping',
        'MultiViewPoseDual',
        'labels alone',
        'x',
    ]
    assert quickstart.rows_of(experiment, [], None) == experiment


def test_of_two_networks_their_ensemble_counts():
    metrics = {'coco/AP': 0.1, 'ensemble/coco/AP': 0.3, 'ensemble/coco/AR': 0.5}
    assert quickstart.chosen_metrics(metrics) == {'coco/AP': 0.3}
    assert quickstart.chosen_metrics({'coco/AP': 0.1, 'loss': 2.0}) == {'coco/AP': 0.1}


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """An experiment of two rounds with two trainings each, the second one begun."""
    monkeypatch.setattr(quickstart, 'FOLDER', str(tmp_path))
    for name, step in (('', 1200), ('/bootstrap_1', 300)):
        folder = tmp_path / 'active-learning' / f'round_00{name}' / '20261129' / 'vis_data'
        folder.mkdir(parents=True)
        lines = [json.dumps(dict(loss=0.1, step=each)) for each in (100, step)]
        (folder / 'scalars.json').write_text('\n'.join(lines))
    return quickstart.ExperimentRun('active learning', quickstart.EXPERIMENT)


def test_progress_is_over_all_trainings(experiment, monkeypatch):
    assert (experiment.steps, experiment.trainings) == (1200, 4)
    now = [100.0]
    monkeypatch.setattr(quickstart.time, 'monotonic', lambda: now[0])
    assert experiment.progress() == 'active learning: step 1500 of 4800'
    experiment.first = (1200, 40.0)  # 300 steps in a minute, 3,300 to go
    assert experiment.progress() == 'active learning: step 1500 of 4800, 11:00 left'


def test_the_experiment_has_the_rounds_of_the_table(experiment):
    options = experiment.words()
    config = Config(dict(active_learning=dict(limits=dict(rounds=9))))
    config.merge_from_dict(dict([options[-1].split('=')]))
    assert config.active_learning.limits.rounds == str(quickstart.ROUNDS)


def test_a_finished_run_is_known_wherever_its_folder_is_and_however_its_config_is_written():
    cfg, data = quickstart.TrainingRun('x', quickstart.TRAINING).cfg, dict(digest='ab')
    digest = quickstart.digest_of(cfg, data)
    written = Config.fromstring(cfg.pretty_text.replace(', ', ',  '), '.py')
    assert quickstart.digest_of(written, data) == digest
    for key, value in {
        'work_dir': '/elsewhere',
        'log_level': 'ERROR',
        'data_mode': 'other',
        'default_hooks.logger.interval': 7,
        'visualizer.name': 'other',
    }.items():
        other = cfg.copy()
        other.merge_from_dict({key: value})
        assert quickstart.digest_of(other, data) == digest, key
    for key, value in {
        'train_cfg.max_iters': 7,
        'randomness.seed': 1,
        'model.min_inliers': 5,
        'default_hooks.checkpoint.interval': 7,
        'train_dataloader.dataset.labeled.ann_file': 'val.json',
    }.items():
        other = cfg.copy()
        other.merge_from_dict({key: value})
        assert quickstart.digest_of(other, data) != digest, key
    assert quickstart.digest_of(cfg, dict(digest='cd')) != digest


def test_a_second_one_in_the_folder_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with locked(f'{quickstart.FOLDER}/.lock'):
        assert main(['quickstart']) == 1
    assert 'another quickstart runs in this folder; wait' in capsys.readouterr().err


def test_a_torn_file_is_no_result(tmp_path):
    (tmp_path / 'finished.json').write_text('{"digest": "a')
    assert quickstart.read(str(tmp_path / 'finished.json')) == {}
    assert quickstart.read(str(tmp_path / 'none.json')) == {}


def test_full_supervision_is_told_as_it_was_measured():
    full = quickstart.everything()
    assert full.labels.startswith('all 378 frames')
    assert set(full.metrics) == set(quickstart.COLUMNS)
    assert 85 < full.metrics['pck/bbox@0.1'] < 95 and 0.4 < full.metrics['coco/AP'] < 0.6
