"""The experiment: rounds, kills, several processes, MMPose's own launcher."""

import argparse
import glob
import json
import os
import os.path as osp
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager

import numpy as np
import pytest
from mmengine.config import Config

from tests import ROOT

STEPS = 4
# What the programs at the end of this file run, by the name in KIND of their environment.
KINDS = dict(
    frames={},
    bootstrap=dict(
        self_training=dict(
            type='MultiViewBootstrapping', threshold=1000.0, min_inliers=2, rounds=2, batch_size=8
        ),
        limits=dict(rounds=2),
    ),
)


def config(data_root, work_dir, batch=4, norm=True, launcher='none', **section):
    """A tiny experiment on the `tiny` benchmark."""
    from tests.helpers import PREPROCESSOR, codec, student

    size = (32, 48)
    load = [dict(type='LoadImage'), dict(type='GetBBoxCenterScale')]
    crop = [dict(type='TopdownAffine', input_size=size)]
    source = dict(
        type='MultiViewCocoDataset',
        data_root=data_root,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    active = dict(
        unit='frames',
        initial=3,
        budget=2,
        strategy=dict(type='MultiViewConsistency'),
        limits=dict(rounds=3),
        self_training=dict(num=2),
        threshold=1000.0,
    )
    active.update(section)
    return Config(
        dict(
            custom_imports=dict(imports=['mmpose_al', 'tests.helpers']),
            default_scope='mmpose',
            runner_type='ActiveLearningRunner',
            active_learning=active,
            work_dir=str(work_dir),
            launcher=launcher,
            env_cfg=dict(dist_cfg=dict(backend='gloo')),
            model=dict(student(num_joints=17, norm=norm), data_preprocessor=PREPROCESSOR),
            train_dataloader=dict(
                batch_size=batch,
                num_workers=0,
                dataset=dict(
                    type='LabeledUnlabeledDataset',
                    labeled=source,
                    pipeline=load
                    + [dict(type='RandomFlip')]
                    + crop
                    + [dict(type='GenerateTarget', encoder=codec()), dict(type='PackPoseInputs')],
                ),
                sampler=dict(type='LabeledUnlabeledSampler', batch_size=batch),
            ),
            val_dataloader=dict(
                batch_size=16,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
                dataset=dict(
                    source,
                    ann_file='val.json',
                    test_mode=True,
                    pipeline=load + crop + [dict(type='PackPoseInputs')],
                ),
            ),
            train_cfg=dict(
                type='ActiveLearningLoop',
                round_cfg=dict(type='IterBasedTrainLoop', max_iters=STEPS, val_interval=100),
            ),
            val_cfg=dict(),
            val_evaluator=[
                dict(type='MKPE', threshold=1000.0),
                dict(type='JointPCK', thr=0.2, norm='bbox'),
            ],
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-2)),
            param_scheduler=[
                dict(type='MultiStepLR', begin=0, end=STEPS, milestones=[2], by_epoch=False)
            ],
            default_hooks=dict(
                checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2),
                logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False),
            ),
            custom_hooks=[dict(type='ExactResumeHook')],
            log_processor=dict(by_epoch=False),
            randomness=dict(seed=5),
            visualizer=dict(
                type='PoseLocalVisualizer',
                name='visualizer',
                vis_backends=[dict(type='LocalVisBackend')],
            ),
        )
    )


@pytest.fixture(scope='session')
def tiny(tmp_path_factory):
    """The `tiny` benchmark with 24 training frames in place of 4."""
    from mmpose_al.synthetic import benchmark

    folder = tmp_path_factory.mktemp('tiny')
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            benchmark.PRESETS,
            'tiny',
            dict(benchmark.PRESETS['tiny'], train=benchmark.Split(2, 6, 4)),
        )
        benchmark.write_benchmark(str(folder), 'tiny', workers=1)
    return str(folder)


def run(cfg):
    from mmpose_al.engine.active_learning import ActiveLearningRunner

    return ActiveLearningRunner.from_cfg(cfg).train()


def test_wrong_settings_are_a_line_with_the_config(tiny, tmp_path):
    for change, words in (
        (dict(strategy=dict(type='MultiViewConsistency', min_spacing=-1)), 'min_spacing'),
        (dict(unit='images'), 'unit'),
    ):
        cfg = config(tiny, tmp_path / 'run', **change)
        with pytest.raises(SystemExit, match=f'error: config: .*{words}'):
            run(cfg)
    cfg = config(str(tmp_path / 'nowhere'), tmp_path / 'run')
    with pytest.raises(SystemExit, match='error: config: .*nowhere/train.json'):
        run(cfg)
    assert not (tmp_path / 'run').exists()


def outcome(work_dir):
    """Selections, pseudo-sets and metrics of an experiment."""
    from mmpose_al.active_learning.state import load_state

    state = load_state(work_dir).content
    rounds = []
    for entry in state['rounds']:
        stages = entry['stages']
        rounds.append(
            (
                stages['train']['metrics'],
                stages.get('select', {}).get('ids'),
                stages.get('select', {}).get('utilities'),
                stages.get('pseudo', {}).get('ids'),
            )
        )
    return state['labeled'], rounds, state['finished']


def bootstraps_of(work_dir):
    """What the stages of all bootstraps left, with the labels that they made."""
    from mmpose_al.active_learning.state import load_state

    found = []
    for entry in load_state(work_dir).rounds:
        for name, stage in entry['stages'].items():
            if name.startswith('bootstrap'):
                found.append((entry['round'], name, {k: stage[k] for k in stage if k != 'seconds'}))
                if name.endswith('label'):
                    with open(osp.join(work_dir, stage['file'])) as file:
                        found.append(json.load(file)['annotations'])
    return found


@pytest.fixture(scope='session')
def unbroken(tiny, tmp_path_factory):
    """An experiment from beginning to end, in a process of its own."""
    work_dir = str(tmp_path_factory.mktemp('unbroken'))
    program(tiny, work_dir).communicate()  # its words fill a pipe
    return work_dir, outcome(work_dir)


@pytest.fixture(scope='session')
def bootstrapped(tiny, tmp_path_factory):
    """Two rounds with two bootstraps each, from beginning to end."""
    work_dir = str(tmp_path_factory.mktemp('bootstrapped'))
    program(tiny, work_dir, kind='bootstrap').communicate()
    return work_dir, outcome(work_dir), bootstraps_of(work_dir)


def program(data_root, work_dir, kind='frames', **kwargs):
    """The experiment as a process; this file is its program."""
    environ = dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1', KIND=kind)
    return subprocess.Popen(
        [sys.executable, osp.abspath(__file__), data_root, str(work_dir)],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **kwargs,
    )


def test_an_experiment_from_beginning_to_end(unbroken, tiny):
    work_dir, (labeled, rounds, finished) = unbroken
    assert finished == '3 rounds are done'
    assert [len(e['ids']) for e in labeled] == [3, 2, 2]
    every = sum((e['ids'] for e in labeled), [])
    assert len(set(every)) == 7
    # what a round selects is what the next one labels; the last selects nothing
    for entry, (_, picked, utilities, _) in zip(labeled[1:], rounds):
        assert sorted(picked) == entry['ids'] and len(utilities) == 2
        assert utilities[0] >= utilities[1]
    assert rounds[2][1] is None
    for metrics, *_ in rounds:
        assert 'multiview/MKPE' in metrics and 'pck/bbox@0.2' in metrics
    # a round is an ordinary work directory that ordinary tools read
    with open(osp.join(work_dir, 'round_01', 'labels.json')) as file:
        assert json.load(file)['labeled'] == sorted(labeled[0]['ids'] + labeled[1]['ids'])
    from mmpose_al.visualization import read_scalars

    assert sorted(read_scalars(osp.join(work_dir, 'round_02'))['loss']) == [1, 2, 3, 4]
    pseudo = [p for _, _, _, p in rounds[:2]]
    assert not set(pseudo[0] or []) & set(pseudo[1] or [])  # alternating
    for number, ids in enumerate(pseudo):
        assert not set(ids) & set(sum((e['ids'] for e in labeled[: number + 2]), []))


def test_a_test_is_of_the_last_rounds_network(unbroken, tiny):
    from mmpose_al.active_learning.paths import Paths
    from mmpose_al.active_learning.state import load_state
    from mmpose_al.engine.active_learning import ActiveLearningRunner, config_of_test, last_trained

    work_dir = unbroken[0]
    cfg = config(tiny, work_dir)
    number, checkpoint = last_trained(work_dir)
    rounds = load_state(work_dir).rounds
    assert number == len(rounds) - 1 and checkpoint.startswith(Paths(work_dir).round(number))
    found = ActiveLearningRunner.from_cfg(cfg).test()
    assert found == pytest.approx(rounds[-1]['stages']['train']['metrics'], rel=1e-4, nan_ok=True)
    cfg.load_from = Paths(work_dir).absolute(rounds[0]['stages']['train']['checkpoint'])
    assert config_of_test(cfg).load_from == cfg.load_from  # one that is named


def test_a_test_without_a_trained_round_says_so(tiny, tmp_path):
    from mmpose_al.active_learning.state import StateError, new_state
    from mmpose_al.engine.active_learning import ActiveLearningExperiment, config_of_test

    cfg = config(tiny, tmp_path)
    with pytest.raises(StateError, match='there is no experiment here'):
        config_of_test(cfg)
    pool = ActiveLearningExperiment(cfg).context.pool
    state = new_state(str(tmp_path), pool, 'digest', 5)
    state.write()
    with pytest.raises(StateError, match='no round of the experiment is trained yet'):
        config_of_test(cfg)
    state.note(0, 'train', dict(checkpoint='round_00/iter_4.pth'))
    state.write()
    with pytest.raises(StateError, match='iter_4.pth: the checkpoint of round 0 is gone'):
        config_of_test(cfg)


def test_a_finished_experiment_is_not_run_again(unbroken, tiny):
    work_dir, before = unbroken
    stamp = os.stat(osp.join(work_dir, 'round_02', 'last_checkpoint')).st_mtime_ns
    run(config(tiny, work_dir))
    assert outcome(work_dir) == before
    assert os.stat(osp.join(work_dir, 'round_02', 'last_checkpoint')).st_mtime_ns == stamp


def test_killed_ten_times_and_started_again_ends_the_same(unbroken, tiny, tmp_path):
    """SIGKILL at random moments of the stages, 10 times (or KILLS times)."""
    done, expected = unbroken
    count = int(os.environ.get('KILLS', 10))
    process = subprocess.run(
        [sys.executable, osp.abspath(__file__), 'kills', tiny, str(tmp_path), done, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1'),
    )
    assert process.returncode == 0, process.stdout.decode()[-3000:]
    with open(str(tmp_path / 'kills.json')) as file:
        kills = json.load(file)
    assert len(kills) >= count
    if count >= 10:  # all over the experiment
        assert {number for _, number, _ in kills} == {0, 1, 2}
        assert len({name for _, _, name in kills}) >= 4
    for folder in {folder for folder, _, _ in kills}:
        assert outcome(folder) == expected
        assert not glob.glob(osp.join(folder, '**', '*.tmp'), recursive=True)  # nothing half


def test_a_round_bootstraps_from_the_network_that_saw_its_labels(bootstrapped, tiny):
    from mmpose_al.active_learning.experiment import Experiment, plain_metrics
    from mmpose_al.engine.active_learning import last_trained
    from mmpose_al.visualization import read_scalars

    work_dir, (labeled, rounds, finished), made = bootstrapped
    assert finished == '2 rounds are done' and len(rounds) == 2
    experiment = Experiment(work_dir)
    order = list(experiment.state.rounds[0]['stages'])
    assert order[1:7] == [
        'train',
        'bootstrap_1_label',
        'bootstrap_1_train',
        'bootstrap_2_label',
        'bootstrap_2_train',
        'score',
    ]
    views = {a['id']: a for a in experiment.pool.data['annotations']}
    frame_of = {i['id']: i['frame_id'] for i in experiment.pool.data['images']}
    for number, row in enumerate(experiment.rows):
        stages = experiment.state.rounds[number]['stages']
        last = plain_metrics(stages['bootstrap_2_train']['metrics'])
        measured = {k: v for k, v in row.metrics.items() if not k.startswith('rig/')}
        assert measured == row.trainings[2] == last  # the last one counts
        assert row.pseudo == (dict(seconds=row.pseudo['seconds']) if number == 0 else {})
        taken = set(experiment.state.labeled(until=number))
        for bootstrap, noted in enumerate(row.bootstraps, 1):
            folder = osp.join(work_dir, f'round_0{number}', f'bootstrap_{bootstrap}')
            assert sorted(read_scalars(folder)['loss']) == [1, 2, 3, 4]
            with open(osp.join(work_dir, noted['file'])) as file:
                content = json.load(file)
            frames = {frame_of[a['image_id']] for a in content['annotations']}
            assert not frames & taken and len(frames) > 15  # nobody's labels, all other frames
            joints = sum(a['num_keypoints'] for a in content['annotations'])
            others = [a for a in views.values() if frame_of[a['image_id']] not in taken]
            assert (noted['joints'], noted['of']) == (joints, 17 * len(others))
            weights = np.array([a['keypoint_weights'] for a in content['annotations']])
            seen = np.array([a['keypoints'][2::3] for a in content['annotations']]) > 0
            assert (weights[~seen] == 0).all() and weights[seen].min() >= 0.5
            config = Config.fromfile(glob.glob(osp.join(folder, '*.py'))[0])
            data = config.train_dataloader.dataset
            assert data.shares == [1, 1] and config.train_dataloader.batch_size == 8
            assert data.labeled[1].ann_file == osp.join(work_dir, noted['file'])
    assert last_trained(work_dir)[1] == osp.join(work_dir, 'round_01', 'bootstrap_2', 'iter_4.pth')
    labels = [each for each in made if isinstance(each, list)]
    assert len(labels) == 4 and all(a != b for a, b in zip(labels, labels[1:]))


def test_killed_in_its_bootstraps_it_ends_the_same(bootstrapped, tiny, tmp_path):
    """SIGKILL at random moments: the same labels, the same metrics."""
    done, expected, made = bootstrapped
    process = subprocess.run(
        [sys.executable, osp.abspath(__file__), 'kills', tiny, str(tmp_path), done, '4'],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1', KIND='bootstrap'),
    )
    assert process.returncode == 0, process.stdout.decode()[-3000:]
    with open(str(tmp_path / 'kills.json')) as file:
        kills = json.load(file)
    assert any('bootstrap' in name for _, _, name in kills), kills
    for folder in {folder for folder, _, _ in kills}:
        assert outcome(folder) == expected and bootstraps_of(folder) == made
        assert not glob.glob(osp.join(folder, '**', '*.tmp'), recursive=True)


@pytest.mark.parametrize('start', ['last', 'load_from'])
def test_a_killed_round_goes_on_from_its_own_checkpoint(start, tiny, tmp_path):
    """With weights from elsewhere, SIGKILL after a checkpoint of a round."""
    process = subprocess.run(
        [sys.executable, osp.abspath(__file__), 'dies', tiny, str(tmp_path), start],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1'),
    )
    assert process.returncode == 0, process.stdout.decode()[-3000:]
    unbroken = tmp_path / 'unbroken'
    assert outcome(str(tmp_path / 'killed')) == outcome(str(unbroken))
    (log,) = (unbroken / 'round_01').glob('*/*.log')
    weights = dict(last='round_00/iter_4.pth', load_from='published.pth')[start]
    assert f'{weights}\n' in log.read_text()  # round 1 did start from there


def test_a_second_training_in_a_folder_is_refused(untrained, tiny, tmp_path, monkeypatch):
    from mmpose_al.active_learning.paths import Paths
    from mmpose_al.engine import active_learning as engine

    cfg = config(tiny, tmp_path, self_training=None, strategy=dict(type='RandomSampling'))
    monkeypatch.setattr(engine, 'LOCK_PATIENCE', 0.5)
    with engine.only_training(Paths(str(tmp_path))):
        with pytest.raises(SystemExit, match='another training runs in this folder'):
            run(cfg)
        assert not untrained and not (tmp_path / 'active_learning.json').exists()
    assert run(cfg).content['finished'] == '3 rounds are done'


def test_a_training_that_waited_goes_on_from_what_the_other_one_did(untrained, tiny, tmp_path):
    from threading import Thread

    from mmpose_al.active_learning.paths import Paths
    from mmpose_al.engine import active_learning as engine

    cfg = config(tiny, tmp_path, self_training=None, strategy=dict(type='RandomSampling'))
    waits = engine.ActiveLearningExperiment(cfg)
    ended = []
    with engine.only_training(Paths(str(tmp_path))):
        thread = Thread(target=lambda: ended.append(waits.run()))
        thread.start()
        time.sleep(0.5)
        other = engine.ActiveLearningExperiment(cfg).state  # the other one trains round 0
        other.add_labels(0, [1, 2, 3], 'the other')
        other.finish(0, 'annotate', dict(labels=3, views=12, joints=1))
        other.finish(0, 'train', dict(checkpoint='', steps=0, metrics={'m': 1.0}))
    thread.join(60)
    (state,) = ended
    assert state.content['labeled'][0]['by'] == 'the other'
    assert [number for number, _ in untrained] == [1, 2]


def test_answers_are_taken_while_a_training_runs(tmp_path):
    """Its lock is not that of answers, which would wait for hours."""
    from mmpose_al.active_learning.answers import ingest
    from mmpose_al.active_learning.paths import Paths
    from mmpose_al.engine.active_learning import only_training
    from tests.test_active_learning.experiments import answers, waiting

    begun = waiting(tmp_path, limits=dict(rounds=2))
    with only_training(Paths(begun.work)):
        assert ingest(begun.work, answers(begun.work, 1, begun.pixels, tmp_path)).written


def test_building_an_experiment_writes_nothing(tiny, tmp_path):
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    ActiveLearningExperiment(config(tiny, tmp_path / 'work'))
    assert not (tmp_path / 'work').exists()


def test_another_config_pool_or_seed_is_refused(unbroken, tiny, tmp_path):
    from mmpose_al.active_learning import StateError
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    work_dir, _ = unbroken
    changed = config(tiny, work_dir, budget=1)
    with pytest.raises(StateError, match='experiment_config.py'):
        ActiveLearningExperiment(changed)
    changed = config(tiny, work_dir)
    changed.randomness.seed = 6
    with pytest.raises(StateError, match='seed is not'):
        ActiveLearningExperiment(changed)
    # limits may change
    ActiveLearningExperiment(config(tiny, work_dir, limits=dict(rounds=4)))


@pytest.mark.parametrize(
    'change, words',
    [
        (dict(active_learning=dict(budgett=3)), 'budgett'),
        (dict(active_learning=dict(budget=None)), 'budget is missing'),
        (dict(active_learning=dict(budget=5.5)), 'budget is 5.5'),
        (dict(active_learning=dict(budget=0)), 'budget is 0'),
        (dict(active_learning=dict(initial=True)), 'initial is True'),
        (dict(active_learning=dict(threshold=0)), 'threshold is 0'),
        (dict(active_learning=dict(threshold='20')), "threshold is '20'"),
        (dict(active_learning=dict(limits=dict(plateau=dict(rounds=2)))), 'metric is miss'),
        (dict(train_dataloader=dict(dataset=dict(unlabeled=[dict()]))), 'is one source'),
        (dict(val_cfg=None, val_evaluator=None), 'but val_cfg, val_evaluator is missing'),
        (dict(active_learning=dict(start='warm')), 'scratch'),
        (dict(active_learning=dict(start='load_from')), 'needs load_from'),
        (dict(active_learning=dict(limits=dict(hours=3))), 'hours'),
        (dict(active_learning=dict(unit='images')), "unit='frames'"),
        (dict(active_learning=dict(self_training=dict(min_views=1))), 'at least 2'),
        (dict(active_learning=dict(self_training=dict(schedule='shrink'))), 'shrink'),
        (dict(active_learning=dict(self_training=dict(min_view=3))), 'min_view'),
        (dict(active_learning=dict(unit='clips', self_training=None)), 'clips'),
        (dict(active_learning=dict(initial=10**6)), 'initial is 1000000'),
        (dict(train_cfg=dict(_delete_=True, type='IterBasedTrainLoop', max_iters=3)), 'round_cfg'),
        (dict(train_dataloader=dict(dataset=dict(type='CocoDataset'))), 'LabeledUnlabeledDataset'),
    ],
)
def test_config_errors_name_the_key(change, words, tiny, tmp_path):
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    cfg = config(tiny, tmp_path)
    for key, value in change.items():
        if value is None or value.pop('_delete_', False):
            cfg[key] = value
        else:
            cfg.merge_from_dict({key: value})
    with pytest.raises(ValueError, match=words):
        ActiveLearningExperiment(cfg).run()
    assert not (tmp_path / 'round_00').exists()


@pytest.mark.parametrize(
    'section',
    [
        dict(self_training=None),
        dict(strategy=dict(type='RandomSampling')),
        dict(self_training=None, strategy=dict(type='CoreSetPoses', root=0)),
        dict(
            self_training=None,
            strategy=dict(
                type='WeightedCombination',
                strategies=[dict(type='BestVsSecondBest'), dict(type='MultiViewConsistency')],
            ),
        ),
    ],
)
def test_a_pool_without_cameras_is_told_before_anything_is_asked(section, tiny, tmp_path):
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    with open(osp.join(tiny, 'train.json')) as file:
        data = json.load(file)
    for image in data['images']:
        image['camera_id'] = None
    path = tmp_path / 'train.json'
    path.write_text(json.dumps(data))
    cfg = config(tiny, tmp_path / 'work', **section)
    cfg.train_dataloader.dataset.labeled.ann_file = str(path)
    with pytest.raises(ValueError, match='no image of the pool has a camera_id'):
        ActiveLearningExperiment(cfg)
    assert not osp.exists(str(tmp_path / 'work'))


@pytest.fixture
def untrained(monkeypatch):
    """Rounds without training and scoring; notes what the state then said."""
    from mmpose_al.active_learning.state import load_state
    from mmpose_al.active_learning.statistics import save_views
    from mmpose_al.engine import stages
    from tests.test_active_learning.rig import make_views

    said = []
    views, _ = make_views(1)
    none = views.select(slice(0))

    def train(context, number):
        said.append((number, load_state(context.paths.folder).content['finished']))
        return dict(checkpoint='', steps=0, metrics={'m': 1.0})

    def score(context, number):
        os.makedirs(context.paths.round(number), exist_ok=True)
        save_views(none, context.paths.scores(number))
        return {}

    monkeypatch.setitem(stages.STAGES, 'train', train)
    monkeypatch.setitem(stages.STAGES, 'score', score)
    return said


@pytest.mark.filterwarnings('ignore:RandomSampling was asked')
def test_an_experiment_ends_when_nothing_may_be_chosen(untrained, tiny, tmp_path):
    """One frame of each of the six sequences at most; further rounds would add none."""
    cfg = config(
        tiny,
        tmp_path,
        initial=1,
        budget=3,
        self_training=None,
        strategy=dict(type='RandomSampling', max_per_sequence=1),
        limits=dict(rounds=9),
    )
    state = run(cfg)
    assert 'may choose none of the other frames' in state.content['finished']
    assert [len(e['ids']) for e in state.content['labeled']] == [1, 3, 2]
    assert run(cfg).content == state.content


def test_answers_do_not_change_until_they_are_noted(untrained, tiny, tmp_path, monkeypatch):
    from mmpose_al.active_learning.annotators import GroundTruthAnnotator
    from mmpose_al.active_learning.state import load_state

    told, answers = [], GroundTruthAnnotator.answers

    @contextmanager
    def locked(self):
        told.append('locked')
        yield
        told.append(len(load_state(str(tmp_path)).rounds))

    def given(self, number):
        told.append('answers')
        return answers(self, number)

    monkeypatch.setattr(GroundTruthAnnotator, 'locked', locked)
    monkeypatch.setattr(GroundTruthAnnotator, 'answers', given)
    run(
        config(
            tiny,
            tmp_path,
            limits=dict(rounds=2),
            self_training=None,
            strategy=dict(type='RandomSampling'),
        )
    )
    assert told == ['locked', 'answers', 1, 'locked', 'answers', 2]


def test_what_a_killed_training_left_half_is_taken_away(untrained, tiny, tmp_path):
    from mmpose_al import fileio

    left = f'a.json.{fileio._HOST}-{2**22 + 1}-abcdef-0.tmp'
    for name in ('', 'round_00', 'round_01', 'query', 'answers'):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / left).write_text('{"half')
    (tmp_path / 'notes').mkdir()
    (tmp_path / 'notes' / left).write_text('of somebody else')
    section = dict(self_training=None, strategy=dict(type='RandomSampling'))
    run(config(tiny, tmp_path, limits=dict(rounds=1), **section))
    assert [path.parent.name for path in tmp_path.rglob('*.tmp')] == ['notes']


def test_raised_limits_reopen_a_finished_experiment(untrained, tiny, tmp_path):
    section = dict(self_training=None, strategy=dict(type='RandomSampling'))
    run(config(tiny, tmp_path, limits=dict(rounds=1), **section))
    state = run(config(tiny, tmp_path, limits=dict(rounds=3), **section))
    assert state.content['finished'] == '3 rounds are done'
    assert untrained == [(0, None), (1, None), (2, None)]


def test_the_strategy_may_change_between_two_rounds(tmp_path):
    """Round 0 asked by one strategy, round 1 by another, whatever else of the config stays."""
    from mmpose_al.active_learning.answers import ingest
    from mmpose_al.active_learning.report.experiment import ReportedExperiment
    from tests.test_active_learning.experiments import answers, run_untrained, waiting

    begun = waiting(tmp_path)
    before = begun.cfg.active_learning.strategy.type
    begun.cfg.active_learning.strategy = dict(type='RandomSampling')
    ingest(begun.work, answers(begun.work, 1, begun.pixels, tmp_path))
    with pytest.raises(SystemExit):
        run_untrained(begun.cfg, {})
    rows = ReportedExperiment(begun.work).rows
    picked = [row.strategy for row in rows if row.strategy]
    assert picked == [before, 'RandomSampling'] and before != 'RandomSampling'
    again = begun.cfg.copy()
    again.active_learning.budget = 1
    with pytest.raises(ValueError, match='limits, strategy and work_dir may change'):
        run_untrained(again, {})


def test_scores_that_were_made_for_another_strategy_are_said(tmp_path):
    """The last round is scored, and no query is out: what the new one reads is not there."""
    from mmpose_al.active_learning.paths import Paths
    from tests.test_active_learning.experiments import revealed, run_untrained

    begun = revealed(tmp_path, limits=dict(rounds=2))
    scores = Paths(begun.work).scores(1)
    with np.load(scores) as file:
        kept = {name: file[name] for name in file.files if name != 'features'}
    np.savez(scores, **kept)
    begun.cfg.active_learning.limits = dict(rounds=3)
    begun.cfg.active_learning.strategy = dict(type='CoreSetFeatures')
    with pytest.raises(ValueError, match='has no features, .*round 1 was scored for another'):
        run_untrained(begun.cfg, {})
    begun.cfg.active_learning.strategy = dict(type='RandomSampling')  # it reads no scores
    run_untrained(begun.cfg, {})


def test_a_late_process_takes_the_state_of_the_first(tiny, tmp_path, monkeypatch):
    """It calls the others together as often, whether the file is there yet or not."""
    from mmpose_al.active_learning import StateError
    from mmpose_al.engine import active_learning as engine

    cfg = config(tiny, tmp_path / 'work')
    first = engine.ActiveLearningExperiment(cfg).state
    told = [dict(first.content, labeled=[dict(round=0, by='x', ids=[1])]), None]
    calls = []

    def broadcast(box):
        calls.append('broadcast')
        box[:] = told

    monkeypatch.setattr(engine, 'get_rank', lambda: 1)
    monkeypatch.setattr(engine, 'barrier', lambda: calls.append('barrier'))
    monkeypatch.setattr(engine, 'broadcast_object_list', broadcast)
    for work_dir in ('work', 'none_yet'):
        cfg.work_dir = str(tmp_path / work_dir)
        assert engine.ActiveLearningExperiment(cfg).state.labeled() == [1]
    assert calls == ['broadcast'] * 2 and not (tmp_path / 'none_yet').exists()
    told[:] = [None, 'the seed is not that of this run']
    with pytest.raises(StateError, match='the seed is not'):
        engine.ActiveLearningExperiment(cfg)


def test_under_mmposes_own_launcher(unbroken, tiny, tmp_path):
    """Its tools/train.py knows no runner_type; the loop runs the same experiment."""
    import mmpose

    path = tmp_path / 'experiment.py'
    config(tiny, tmp_path / 'run').dump(str(path))
    train = osp.join(osp.dirname(mmpose.__file__), '.mim', 'tools', 'train.py')
    environ = dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1')
    done = subprocess.run(
        [sys.executable, train, str(path)],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    assert outcome(str(tmp_path / 'run')) == unbroken[1]


def test_resume_leaves_an_experiment_what_its_rounds_start_from(tiny, tmp_path):
    from mmpose_al.active_learning.settings import experiment_digest
    from mmpose_al.cli.errors import CommandError
    from mmpose_al.cli.train import merge_args

    args = argparse.Namespace(
        config='config.py',
        resume='auto',
        no_validate=False,
        amp=False,
        auto_scale_lr=False,
        show=False,
        show_dir=None,
    )
    cfg = config(tiny, tmp_path, start='load_from')
    cfg.load_from = 'published.pth'
    digest = experiment_digest(cfg)
    merge_args(cfg, args)
    assert cfg.load_from == 'published.pth' and experiment_digest(cfg) == digest
    args.resume = 'round_01/iter_2.pth'
    with pytest.raises(CommandError, match='from its own checkpoints'):
        merge_args(cfg, args)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=4)
    merge_args(cfg, args)
    assert cfg.resume and cfg.load_from == 'round_01/iter_2.pth'


def test_an_experiment_on_some_cameras_and_subjects(tiny, tmp_path):
    """What training leaves out is neither chosen nor counted; pseudo-labels load."""
    from mmpose_al.datasets import load_multiview

    data = load_multiview(osp.join(tiny, 'train.json'))
    subject = data['frames'][0]['subject']
    cameras = [c['name'] for c in data['cameras'][:3]]
    theirs = {f['id'] for f in data['frames'] if f['subject'] == subject}
    assert 0 < len(theirs) < len(data['frames'])
    cfg = config(tiny, tmp_path, limits=dict(rounds=2))
    cfg.train_dataloader.dataset.labeled.update(cameras=cameras, subjects=[subject])
    state = run(cfg)
    assert set(state.labeled()) <= theirs and len(state.labeled()) == 5
    assert state.stage(1, 'annotate')['views'] == 5 * 3
    assert max(state.stage(0, 'select')['utilities']) < 1e300
    assert state.stage(0, 'pseudo')['annotations'] > 0  # and round 1 trained on them


def test_a_semi_supervised_round_trains_on_the_rest_of_the_pool(tiny, tmp_path):
    cfg = semi_supervised(
        tiny, tmp_path, limits=dict(rounds=2), strategy=dict(type='CommitteeDisagreement')
    )
    state = run(cfg)
    from mmpose_al.engine.active_learning import ActiveLearningExperiment
    from mmpose_al.engine.stages import round_config

    context = ActiveLearningExperiment(cfg).context
    trained = round_config(context, 1).train_dataloader.dataset
    assert trained.unlabeled.subset == 'unlabeled'
    assert state.stage(0, 'select')['strategy'] == 'CommitteeDisagreement'
    assert np.isfinite(state.stage(0, 'select')['utilities']).all()


def semi_supervised(tiny, work_dir, **section):
    """Two networks on labels and on the rest of the pool of 24 frames."""
    cfg = config(tiny, work_dir, **section)
    cfg.model = dict(type='PoseDual', students=cfg.model)
    data = cfg.train_dataloader.dataset
    data.unlabeled = dict(data.labeled)
    return cfg


@pytest.mark.filterwarnings('ignore:RandomSampling was asked')
def test_an_experiment_ends_when_the_unlabelled_source_has_nothing_left(untrained, tiny, tmp_path):
    cfg = semi_supervised(
        tiny,
        tmp_path,
        initial=20,
        budget=3,
        self_training=None,
        strategy=dict(type='RandomSampling'),
        limits=dict(rounds=9),
    )
    cfg.train_dataloader.dataset.unlabeled.update(
        labels=dict(unit='frames', num=3), subset='unlabeled'
    )
    for _ in range(2):  # the second time as well
        state = run(cfg)
        assert state.content['finished'] == (
            'round 2 cannot train: nothing of the unlabelled source is left unlabelled'
        )
        assert [len(e['ids']) for e in state.content['labeled']] == [20, 3, 1]
        assert [number for number, _ in untrained] == [0, 1]


def test_pseudo_labels_do_not_take_all_of_the_unlabelled_source(tiny, tmp_path):
    cfg = semi_supervised(
        tiny,
        tmp_path,
        initial=20,
        budget=2,
        threshold=1e5,
        self_training=dict(num=4),
        limits=dict(rounds=2),
    )
    state = run(cfg)
    assert state.content['finished'] == '2 rounds are done'
    assert len(state.labeled()) == 22 and len(state.stage(0, 'pseudo')['ids']) == 2
    with open(str(tmp_path / 'round_01' / 'taken.json')) as file:
        assert json.load(file)['labeled'] == state.labeled()


def test_the_config_may_change_until_a_stage_is_finished(tiny, tmp_path):
    """As an error tells to; the command that goes on takes the corrected one."""
    from mmpose_al.active_learning import StateError
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    section = dict(self_training=None, strategy=dict(type='RandomSampling'))
    with pytest.raises(ValueError, match='initial is 30, but the pool has 24'):
        run(config(tiny, tmp_path, initial=30, **section))
    people = dict(type='FileAnnotator', formats='coco', image_root=str(tmp_path / 'x'))
    with pytest.raises(ValueError, match='image_root'):
        run(config(tiny, tmp_path, annotator=dict(people), **section))
    people.update(image_root=osp.join(tiny, 'images'), images='link')
    with pytest.raises(SystemExit):
        run(config(tiny, tmp_path, annotator=dict(people), **section))
    dumped = Config.fromfile(str(tmp_path / 'experiment_config.py')).active_learning
    assert (dumped.initial, dumped.annotator) == (3, people)
    state = ActiveLearningExperiment(
        config(tiny, tmp_path, annotator=dict(people), **section)
    ).state
    state.finish(0, 'annotate', {})
    people.update(images='none', formats=['cvat'])  # they only help people to answer
    ActiveLearningExperiment(config(tiny, tmp_path, annotator=people, **section))
    people.update(threshold=10.0)
    with pytest.raises(StateError, match='config is not'):
        ActiveLearningExperiment(config(tiny, tmp_path, annotator=people, **section))


def test_an_experiment_whose_digest_counted_all_of_the_annotator_goes_on(tiny, tmp_path):
    from mmpose_al.active_learning.settings import experiment_digest
    from mmpose_al.engine.active_learning import ActiveLearningExperiment

    cfg = config(tiny, tmp_path, annotator=dict(type='FileAnnotator', formats='coco'))
    state = ActiveLearningExperiment(cfg).state
    old, new = experiment_digest(cfg, annotator=(), strategy=True), experiment_digest(cfg)
    assert old != new
    state.content['config_digest'] = old
    state.finish(0, 'annotate', {})
    assert ActiveLearningExperiment(cfg).state.content['config_digest'] == new
    plain = config(tiny, tmp_path)
    assert experiment_digest(plain, annotator=()) == experiment_digest(plain)


@pytest.mark.parametrize(
    'strategy, change, match',
    [
        (dict(type='CommitteeDisagreement'), {}, 'joints of two networks.*PoseDual'),
        (dict(type='ViewDisagreement3D'), {}, '3D poses.*Heatmap2p5DHead'),
        (dict(type='CoreSetPoses', root=17), {}, r'root \(17,\).*beyond the 17'),
        (
            dict(
                type='UncertainAndDiverse',
                uncertainty=dict(type='MultiPeakEntropy'),
                diversity=dict(type='CoreSetPoses2D', root=(3, 20)),
            ),
            {},
            'beyond the 17',
        ),
        (
            dict(type='MultiPeakEntropy'),
            dict(
                _delete_=True,
                type='RegressionHead',
                in_channels=8,
                num_joints=17,
                loss=dict(type='L1Loss'),
                decoder=dict(type='RegressionLabel', input_size=(32, 48)),
            ),
            'must predict heatmaps',
        ),
    ],
)
def test_a_strategy_that_the_model_does_not_suit_is_refused_before_training(
    tiny, tmp_path, strategy, change, match
):
    cfg = config(tiny, tmp_path, strategy=strategy, self_training=None)
    cfg.merge_from_dict(dict(model=dict(head=change)))
    with pytest.raises(ValueError, match=match):
        run(cfg)
    assert not os.path.exists(os.path.join(tmp_path, 'round_00', 'last_checkpoint'))


def test_an_experiment_of_a_simcc_network(tiny, tmp_path):
    """Its peaks choose, and the report reads what it left."""
    from mmpose_al.active_learning.statistics import load_views
    from tests.commands import command
    from tests.helpers import PREPROCESSOR
    from tests.test_models.test_semi.keypoint_heads import SIMCC, rtmpose

    strategy = dict(type='MultiPeakEntropy')
    cfg = config(tiny, tmp_path / 'x', strategy=strategy, limits=dict(rounds=2), self_training=None)
    cfg.model = dict(rtmpose(out_channels=17), data_preprocessor=PREPROCESSOR)
    cfg.train_dataloader.dataset.pipeline[-2].encoder = SIMCC
    run(cfg)
    labeled, rounds, _ = outcome(str(tmp_path / 'x'))
    assert sorted(rounds[0][1]) == labeled[1]['ids'] and len(labeled[1]['ids']) == 2
    views = load_views(str(tmp_path / 'x' / 'round_00' / 'scores.npz'))
    assert len(views.entropy) == 96 and views.entropy.std() > 0 and (views.margin >= 0).all()
    frames = {unit: views.entropy[views.unit == unit].mean() for unit in set(views.unit.tolist())}
    free = {unit: value for unit, value in frames.items() if unit not in labeled[0]['ids']}
    assert sorted(sorted(free, key=free.get)[-2:]) == labeled[1]['ids']
    command('report', tmp_path / 'x', '--out', tmp_path / 'report')
    assert (tmp_path / 'report' / 'index.html').stat().st_size > 5000


def test_two_processes_select_what_one_does(tiny, tmp_path):
    """No BatchNorm, half the batch on each: the same frames, the same metrics."""
    runs = {}
    for processes in (1, 2):
        work_dir = str(tmp_path / f'{processes}')
        command = [
            sys.executable,
            '-m',
            'torch.distributed.run',
            '--standalone',
            f'--nproc_per_node={processes}',
            osp.abspath(__file__),
            tiny,
            work_dir,
            str(4 // processes),
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1'),
        )
        assert done.returncode == 0, done.stdout.decode()[-3000:]
        runs[processes] = outcome(work_dir)
    one, two = runs[1], runs[2]
    assert one[0] == two[0] and one[2] == two[2]
    for (metrics, ids, utilities, pseudo), other in zip(one[1], two[1]):
        assert (ids, pseudo) == (other[1], other[3])
        assert utilities is None or utilities == pytest.approx(other[2], rel=1e-4)
        assert metrics == pytest.approx(other[0], rel=1e-4, abs=1e-3)


def kill_again_and_again(data_root, folder, done, count):
    """Kill the experiment ``count`` times at random moments, and let it end.

    Each kill is for another of the 12 stages, and comes at a random moment of the time
    that the stage took in the experiment that was ``done`` without a break. After 10,
    or if a stage was faster than that and the last one ended, another one begins.
    """
    from mmpose_al.active_learning.state import load_state

    rng = random.Random(0)
    lasts = [
        (entry['round'], name, stage['seconds'])
        for entry in load_state(done).rounds
        for name, stage in entry['stages'].items()
    ]
    order = [stage[:2] for stage in lasts]
    rounds = {entry[0] for entry in order}
    kills, number = [], 0
    # A busy machine may let stages end before their kill: then some more, in every round.
    while len(kills) < count or (
        count >= 10 and number < 5 and {entry[1] for entry in kills} != rounds
    ):
        work_dir = osp.join(folder, f'run{number}')
        some = min(10, max(count - len(kills), 4 if kills else 1))
        for target in sorted(rng.sample(range(len(order)), some)):
            process, stages = child(data_root, work_dir)
            # a kill that came late has let it go on
            place = next((p for p in map(order.index, stages) if p >= target), None)
            if place is not None:
                time.sleep(rng.uniform(0, lasts[place][2] + 0.02))
                os.kill(process, signal.SIGKILL)
            status = os.waitpid(process, 0)[1]
            if os.WIFSIGNALED(status):
                kills.append((work_dir,) + order[place])
            elif status:
                sys.exit('a child failed')
        process, stages = child(data_root, work_dir)
        list(stages)
        if os.waitpid(process, 0)[1]:
            sys.exit('the last child failed')
        number += 1
    with open(osp.join(folder, 'kills.json'), 'w') as file:
        json.dump(kills, file)


def die_and_go_on(data_root, folder, start):
    """An unbroken experiment, and one killed after a checkpoint of round 1."""
    import torch
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    published = osp.join(folder, 'published.pth')
    cfg = config(data_root, folder)
    init_default_scope('mmpose')
    torch.manual_seed(7)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), published)
    for name, deaths in (('unbroken', [None]), ('killed', [(1, 2), None])):
        cfg = config(
            data_root,
            osp.join(folder, name),
            limits=dict(rounds=2),
            self_training=None,
            start=start,
        )
        cfg.load_from = published if start == 'load_from' else None
        for death in deaths:
            process = os.fork()
            if not process:
                run_until(cfg, death)
            status = os.waitpid(process, 0)[1]
            if status != (0 if death is None else signal.SIGKILL):
                sys.exit(f'{name}: {death}: status {status}')


def run_until(cfg, death):
    """The experiment to its end, or killed once (round, step) has a checkpoint."""
    from mmengine.hooks import CheckpointHook

    save = CheckpointHook._save_checkpoint_with_step

    def save_and_die(self, runner, step, meta):
        save(self, runner, step, meta)
        if death and (osp.basename(runner.work_dir), step) == (f'round_{death[0]:02d}', death[1]):
            os.kill(os.getpid(), signal.SIGKILL)

    CheckpointHook._save_checkpoint_with_step = save_and_die
    try:
        run(cfg)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


def child(data_root, work_dir):
    """The experiment in a fork, which has the imports; and the stages it begins."""
    from mmpose_al.engine import active_learning as engine

    reader, writer = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process:
        os.close(writer)
        lines = map(str.split, iter(open(reader).readline, ''))
        return process, ((int(number), name) for number, name in lines)
    os.close(reader)
    stage = engine.ActiveLearningExperiment._stage

    def tell(self, number, name):
        if self.state.stage(number, name) is None:
            os.write(writer, f'{number} {name}\n'.encode())
        stage(self, number, name)

    engine.ActiveLearningExperiment._stage = tell
    try:
        run(config(data_root, work_dir, **KINDS[os.environ.get('KIND', 'frames')]))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


if __name__ == '__main__':
    from tests.quick import quick

    quick()
    if sys.argv[1] == 'kills':
        kill_again_and_again(*sys.argv[2:5], int(sys.argv[5]))
    elif sys.argv[1] == 'dies':
        die_and_go_on(*sys.argv[2:])
    elif len(sys.argv) == 3:
        run(config(sys.argv[1], sys.argv[2], **KINDS[os.environ.get('KIND', 'frames')]))
    else:
        from mmpose_al.engine.distributed import prepare_launch

        cfg = config(
            sys.argv[1],
            sys.argv[2],
            int(sys.argv[3]),
            norm=False,
            launcher='pytorch',
            self_training=dict(num=2),
        )
        prepare_launch(cfg)
        run(cfg)


def test_a_folder_that_is_moved_with_its_data_goes_on(tmp_path):
    from tests.test_active_learning.experiments import describe, run_untrained

    (tmp_path / 'old').mkdir()
    section = dict(self_training=None, strategy=dict(type='MultiPeakEntropy'))
    cfg, _ = describe(tmp_path / 'old', limits=dict(rounds=2), **section)
    before = run_untrained(cfg, {})
    shutil.move(str(tmp_path / 'old'), str(tmp_path / 'new'))
    text = cfg.pretty_text.replace(str(tmp_path / 'old'), str(tmp_path / 'new'))
    moved = Config.fromstring(text, '.py')
    moved.work_dir = str(tmp_path / 'new' / 'work')
    moved.active_learning.limits = dict(rounds=3)
    state = run_untrained(moved, {})
    assert len(state.rounds) == 3 and state.rounds[0] == before.rounds[0]
    assert state.content['pool']['file'] == str(tmp_path / 'new' / 'data' / 'pool.json')
