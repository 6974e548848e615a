"""An experiment's folder, read."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mmpose_al.active_learning.answers import ingest
from mmpose_al.active_learning.doctor import examine
from mmpose_al.active_learning.experiment import (
    Experiment,
    Metric,
    Missing,
    main_metric,
    metrics_of,
    plain_metrics,
    pool_statistics,
)
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import State, StateError, new_state
from mmpose_al.active_learning.statistics import save_views
from tests.test_active_learning.experiments import answers, revealed, waiting
from tests.test_active_learning.people import opened, snapshot, write_pool
from tests.test_active_learning.rig import make_views

SPREAD = dict(type='MultiViewConsistency', min_spacing=6)


@pytest.fixture(scope='module')
def done(tmp_path_factory):
    return revealed(tmp_path_factory.mktemp('revealed'), strategy=SPREAD, initial=2, budget=1)


def test_statistics_are_those_that_the_strategy_saw(done):
    experiment = Experiment(done.work)
    assert experiment.scored() == [0, 1, 2] and sorted(done.seen) == [0, 1]
    for number, seen in done.seen.items():
        found = experiment.statistics(number)
        for name in ('units', 'labeled', 'sequences', 'times', 'view_unit'):
            np.testing.assert_array_equal(getattr(found, name), getattr(seen, name))
        assert (found.seed, found.round, found.threshold) == (5, number, 30.0)
        assert (seen.seed, seen.round, seen.threshold) == (5, number, 30.0)
        for name, column in seen.views.columns.items():
            np.testing.assert_array_equal(found.views[name], column)
    # both recordings, with their times, and more labels in the second round
    assert set(found.sequences.tolist()) == {0, 1} and set(found.times) == set(range(0, 30, 5))
    assert done.seen[0].labeled.sum() == 2 and done.seen[1].labeled.sum() == 3


def test_what_the_state_and_the_config_tell(done):
    experiment = Experiment(done.work)
    assert (experiment.unit, experiment.units, experiment.seed) == ('frames', 12, 5)
    assert experiment.finished == '3 rounds are done'
    assert type(experiment.state) is State  # which cannot write
    assert experiment.settings.strategy == SPREAD and experiment.settings.budget == 1
    assert experiment.setting('active_learning.threshold') == 30.0
    assert experiment.setting('active_learning.no.such', 7) == 7
    assert experiment.setting('work_dir.no.such', 7) == 7
    assert [row.labels for row in experiment.rows] == [2, 3, 4]
    assert [row.metrics for row in experiment.rows] == [
        {'multiview/MKPE': 50.0 - number} for number in range(3)
    ]
    assert experiment.rows[0].strategy == 'MultiViewConsistency' and experiment.rows[2].picked == []
    assert experiment.rows[1].picked == experiment.state.stage(1, 'select')['ids']
    assert experiment.open_query() is None
    with pytest.raises(Missing, match='holds no query'):
        experiment.query()


def test_a_folder_that_was_moved_is_read(done, tmp_path):
    shutil.copytree(done.work, str(tmp_path / 'moved'))
    found = Experiment(str(tmp_path / 'moved')).statistics(1)
    np.testing.assert_array_equal(found.labeled, done.seen[1].labeled)


def test_only_what_may_be_asked_for_is_in_the_pool(tmp_path):
    """As for the runner: frames without labels cannot be revealed."""
    path, _, views = write_pool(tmp_path / 'data', 3)
    with open(path) as file:
        data = json.load(file)
    for annotation in data['annotations'][:4]:
        annotation.update(keypoints=[0] * 15, num_keypoints=0)
    with open(path, 'w') as file:
        json.dump(data, file)
    from tests.test_engine.test_active_learning import config

    cfg = config(str(tmp_path / 'data'), tmp_path / 'work', initial=1)
    cfg.train_dataloader.dataset.labeled.ann_file = 'pool.json'
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    state = ActiveLearningExperiment(cfg).state
    state.write()
    cfg.dump(str(tmp_path / 'work' / 'experiment_config.py'))
    assert Experiment(cfg.work_dir).pool.units.tolist() == [10, 20]
    assert len(load_pool(path, 'frames').units) == 3


def test_queries_and_answers(tmp_path):
    begun = waiting(tmp_path, limits=dict(rounds=3))
    experiment = Experiment(begun.work)
    query = experiment.open_query()
    assert query.round == 1 and query.units == experiment.state.stage(0, 'select')['ids']
    assert experiment.query().id == query.id and experiment.query(0).round == 0
    with pytest.raises(Missing, match=r'round 7 has no query; there are \[0, 1\]'):
        experiment.query(7)
    assert experiment.answers(1) == {} and len(experiment.answers(0)) == 12
    ingest(begun.work, answers(begun.work, 1, begun.pixels, tmp_path))
    assert sorted(experiment.answers(1)) == sorted(query.annotations)  # read when asked for
    assert experiment.open_query().round == 1  # until the training goes on
    state = new_state(begun.work, experiment.pool, 'digest', 0)
    state.content.update(experiment.state.content)
    state.finish(1, 'annotate', dict(labels=5, views=20, joints=100))
    assert Experiment(begun.work).open_query() is None


def test_what_is_not_there_is_named(done, tmp_path):
    with pytest.raises(StateError, match='no experiment.*active_learning.json'):
        Experiment(str(tmp_path))
    path, _, views = write_pool(tmp_path / 'data')
    work = tmp_path / 'work'
    state = new_state(str(work), load_pool(path, 'frames'), 'digest', 3)
    state.write()
    below = tmp_path / 'work_dirs' / 'mvc'
    new_state(str(below), load_pool(path, 'frames'), 'digest', 3).write()
    for look in (Experiment, examine):  # of a project the experiment is named
        with pytest.raises(ValueError, match=f'ive {re.escape(str(below))}$'):
            look(str(tmp_path))
    experiment = Experiment(str(work))
    with pytest.raises(Missing, match='experiment_config.py is not there'):
        experiment.settings  # noqa: B018
    assert experiment.setting('active_learning.threshold', 1.5) == 1.5
    assert experiment.pool.units.tolist() == [0, 10, 20]  # all of the file, without a config
    with pytest.raises(Missing, match=r'round 0 has no scores; rounds \[\] have'):
        experiment.statistics(0)
    (work / 'round_00').mkdir()
    (work / 'round_00' / 'scores.npz').write_bytes(b'PK broken')
    state.finish(0, 'score', {})
    with pytest.raises(Missing, match='is no score file'):
        Experiment(str(work)).statistics(0)
    (work / 'experiment_config.py').write_text("custom_imports = dict(imports='no_such_module')\n")
    with pytest.raises(Missing, match='experiment_config.py cannot be read: .*no_such_module'):
        Experiment(str(work)).config  # noqa: B018
    (work / 'experiment_config.py').unlink()
    os.rename(path, path + '.away')
    with pytest.raises(Missing, match="the pool's file cannot be read"):
        Experiment(str(work)).pool  # noqa: B018
    with open(path + '.away') as old, open(path, 'w') as new:
        new.write(old.read() + '\n')
    with pytest.raises(Missing, match='has changed since'):
        Experiment(str(work)).pool  # noqa: B018


def test_reading_changes_nothing(done):
    before = snapshot(done.work)
    experiment = Experiment(done.work)
    asked = (experiment.statistics(1).groups, experiment.settings, experiment.pool)
    assert all(asked) and snapshot(done.work) == before


def test_the_pool_of_a_score_file_alone():
    views, _ = make_views(3)
    found = pool_statistics(views, round=2)
    assert found.units.tolist() == [0, 10, 20] and not found.labeled.any()
    assert found.sequences.tolist() == [0, 0, 0] and found.times.tolist() == [0, 1, 2]
    assert (found.seed, found.round, found.threshold) == (0, 2, 20.0)


def test_metrics_of_curves():
    metrics = {'multiview/MKPE': 3.0, 'mean/pck/a': 1.0, 'student0/pck/a': 1.0, 'pck/a/wrist': 1.0}
    assert plain_metrics(metrics) == {'multiview/MKPE': 3.0}
    assert main_metric(metrics) == Metric('multiview/MKPE', True, 'mm')
    with pytest.raises(Missing):
        main_metric([])


def test_asking_loads_neither_torch_nor_mmpose(tmp_path):
    """State, query, answers and pool of people's experiments; then answers are taken."""
    path, pixels, views = write_pool(tmp_path / 'data')
    work = str(tmp_path / 'work')
    annotator = opened(work, path)
    annotator.ask(1, [20, 0], [3.0, 1.0], views)
    new_state(work, load_pool(path, 'frames'), 'digest', 0).write()
    save_views(views, str(tmp_path / 'scores.npz'))
    code = (
        'import sys; sys.argv = ["mmpose-al"]\n'
        'from mmpose_al.active_learning.experiment import Experiment\n'
        f'experiment = Experiment({work!r})\n'
        'query = experiment.open_query(); assert query.units == [20, 0]\n'
        'assert experiment.answers(1) == {} and len(experiment.pool.units) == 3\n'
        'heavy = ("torch", "mmengine", "mmpose", "mmdet", "mmcv", "cv2", "matplotlib")\n'
        'print([name for name in heavy if name in sys.modules])\n'
        'import mmpose_al.active_learning.settings\n'
        'import mmpose_al.active_learning.answers.intake\n'
        'print([name for name in heavy if name in sys.modules])\n'
    )
    environ = dict(os.environ, PYTHONPATH=os.getcwd())
    said = subprocess.run(
        [sys.executable, '-c', code], stdout=subprocess.PIPE, env=environ, check=True
    ).stdout.decode()
    # taking answers needs MMEngine's registry of formats, nothing of its or others' weight
    assert said.splitlines() == ['[]', "['mmengine']"]


@pytest.mark.parametrize(
    'names, expected',
    [
        (['pck/a', 'multiview/MKPE', 'coco/AP'], ('multiview/MKPE', True)),
        (['pck/a', 'coco/AP'], ('coco/AP', False)),
        (['x/y', 'pck/a', 'pck/b'], ('pck/a', False)),
        (['confidence/mean', 'confidence/ECE'], ('confidence/ECE', True)),
        (['pose3d/MPJPE', 'pose3d/PCK'], ('pose3d/MPJPE', True)),
        (['x/y'], ('x/y', False)),
    ],
)
def test_the_main_metric(names, expected):
    assert main_metric(names)[:2] == expected
    with pytest.raises(Missing):
        main_metric([])


def test_agreement_of_views_stands_beside_the_evaluation():
    stages = dict(
        train=dict(metrics={'pck/bbox@0.05': 50.0, 'student0/pck': 3.0}),
        score=dict(metrics={'rig/inliers': None, 'rig/inliers/cam1': 90.0, 'rig/triangulated': 7}),
    )
    found = metrics_of(stages)
    assert list(found) == ['pck/bbox@0.05', 'rig/inliers', 'rig/triangulated']
    assert np.isnan(found['rig/inliers']) and metrics_of({}) == {}
    assert main_metric(found).name == 'pck/bbox@0.05'
    alone = main_metric(['rig/triangulated', 'rig/reprojection_error'])
    assert (alone.name, alone.lower, alone.unit) == ('rig/reprojection_error', True, 'px')
