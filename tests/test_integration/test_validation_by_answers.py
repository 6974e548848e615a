"""A part of what people answer validates: real rounds, killed ones, and what commands tell."""

import copy
import json
import os.path as osp

import pytest

from mmpose_al.active_learning.experiment import Experiment
from mmpose_al.active_learning.report import write_report
from mmpose_al.cli.main import main
from mmpose_al.fileio import read_json
from tests.test_active_learning.experiments import answers, describe, run_untrained
from tests.test_engine.test_active_learning import config, outcome, run, tiny  # noqa: F401

SHARE = dict(share=0.3)


def on_answers(cfg):
    """The same experiment without a validation set of its own."""
    cfg = copy.deepcopy(cfg)
    pipeline, evaluator = cfg.val_dataloader.dataset.pipeline, cfg.val_evaluator
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        cfg[key] = None
    cfg.test_evaluator = evaluator
    cfg.active_learning.update(validation=SHARE, pool=dict(pipeline=pipeline))
    return cfg


def split(work, number, name):
    return read_json(osp.join(work, f'round_{number:02d}', f'{name}.json'))['labeled']


@pytest.fixture(scope='module')
def unbroken(tiny, tmp_path_factory):  # noqa: F811
    work = str(tmp_path_factory.mktemp('validated'))
    strategy = dict(type='RandomSampling')
    cfg = config(tiny, work, initial=4, budget=3, strategy=strategy, limits=dict(rounds=2))
    cfg = on_answers(cfg)
    run(cfg)
    return work, cfg


def test_rounds_are_scored_on_answers_that_never_train(unbroken):
    work, cfg = unbroken
    experiment = Experiment(work)
    held = experiment.pool.held
    recording = {f['id']: f['sequence'] for f in experiment.pool.data['frames']}
    assert len({recording[i] for i in held}) == 2 and len(held) == 8  # whole recordings of four
    for number, row in enumerate(experiment.rows):
        labeled = experiment.state.labeled(until=number)
        validating = sorted(held & set(labeled))
        assert split(work, number, 'validation') == validating
        assert row.validation == len(validating) > 0
        assert split(work, number, 'labels') == sorted(set(labeled) - held)
        assert held <= set(split(work, number, 'taken'))
        assert 'multiview/MKPE' in row.metrics and 'pck/bbox@0.2' in row.metrics
        assert not set(row.picked) & held and not set(row.pseudo.get('ids') or ()) & held
    # the share holds of all answers, rounded up
    assert [(row.labels, row.validation) for row in experiment.rows] == [(4, 2), (7, 3)]


def test_the_metric_is_that_of_these_frames(unbroken):
    """The network of the last round, tested on the frames as an ordinary data set."""
    from mmengine.runner import Runner

    work, cfg = unbroken
    experiment = Experiment(work)
    plain = copy.deepcopy(cfg)
    for key in ('active_learning', 'runner_type', 'train_cfg', 'train_dataloader'):
        plain.pop(key)
    plain.update(optim_wrapper=None, param_scheduler=None, work_dir=osp.join(work, 'test'))
    plain.load_from = experiment.paths.absolute(experiment.state.trained(1)['checkpoint'])
    source = cfg.train_dataloader.dataset.labeled
    plain.test_dataloader = dict(
        batch_size=16,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            source,
            test_mode=True,
            pipeline=cfg.active_learning.pool.pipeline,
            ids_file=osp.join(work, 'round_01', 'validation.json'),
            subset='labeled',
        ),
    )
    plain.test_cfg = dict()
    found = Runner.from_cfg(plain).test()
    told = experiment.state.trained(1)['metrics']
    assert found['pck/bbox@0.2'] == pytest.approx(told['pck/bbox@0.2'], rel=1e-4)
    assert found['multiview/MKPE'] == pytest.approx(told['multiview/MKPE'], rel=1e-4, nan_ok=True)


@pytest.mark.parametrize('number, name', [(1, 'train')])
def test_killed_and_started_again_it_ends_the_same(
    unbroken,
    tiny,  # noqa: F811
    tmp_path,
    monkeypatch,
    number,
    name,
):
    from mmpose_al.engine import active_learning as engine

    work, cfg = unbroken
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(tmp_path)
    finish = engine.WritableState.finish

    def die(self, of_round, stage, result):
        if (of_round, stage) == (number, name):  # it is done, and not noted
            raise KeyboardInterrupt
        finish(self, of_round, stage, result)

    with monkeypatch.context() as patch:
        patch.setattr(engine.WritableState, 'finish', die)
        with pytest.raises(KeyboardInterrupt):
            run(cfg)
    run(cfg)
    assert outcome(str(tmp_path)) == outcome(work)


def test_replay_chooses_what_the_strategy_chose(unbroken, capsys):
    work, _ = unbroken
    for row in Experiment(work).rows[:1]:
        assert main(['replay', work, '--round', str(row.round), '--json']) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])['ids'] == row.picked


def test_commands_say_what_validates(unbroken, tmp_path, capsys):
    work, _ = unbroken
    assert main(['status', work]) == 0
    told = capsys.readouterr().out
    assert '7 of 24 frames are labelled, 3 of them validate' in told
    assert '; 4 labels, ' in told and '; 2 labels validate' in told
    with open(write_report([work], str(tmp_path))) as file:
        page = file.read()
    assert '7 frames (29.2 %); 3 of them validate and are not trained on' in page
    assert 'of them validate</th>' in page


def test_people_are_told_and_their_labels_validate(tmp_path, capsys):
    annotator = dict(type='FileAnnotator', formats=['coco'], images='link')
    cfg, pixels = describe(tmp_path, annotator=annotator, initial=4, budget=3)
    cfg = on_answers(cfg)
    with pytest.raises(SystemExit):
        run_untrained(cfg, {})
    experiment = Experiment(cfg.work_dir)
    query, held = experiment.query(), experiment.pool.held
    assert len(query.validating) == 2 and set(query.validating) == held & set(query.units)
    note = '2 of the 4 frames validate: drawn at random, and never trained on.'
    assert note in (tmp_path / 'work' / 'query' / 'round_00' / 'README.md').read_text()
    assert main(['query', cfg.work_dir]) == 0
    shown = capsys.readouterr().out
    assert note in shown and shown.count('| validates |') == 8  # four views of each
    assert main(['status', cfg.work_dir]) == 3
    assert note in capsys.readouterr().out

    # nothing but validation: it says so, and more answers are taken
    views = {a['id'] for a in query.content['annotations'] if a['unit'] in held}
    file = answers(cfg.work_dir, 0, pixels, tmp_path, views)
    assert main(['ingest', cfg.work_dir, file]) == 0
    with pytest.raises(ValueError, match='all that is answered so far validates'):
        run_untrained(cfg, {})
    assert main(['ingest', cfg.work_dir, answers(cfg.work_dir, 0, pixels, tmp_path)]) == 0
    with pytest.raises(SystemExit):
        run_untrained(cfg, {})
    row = Experiment(cfg.work_dir).rows[0]
    assert (row.labels, row.validation) == (4, 2)
    assert Experiment(cfg.work_dir).query().round == 1
