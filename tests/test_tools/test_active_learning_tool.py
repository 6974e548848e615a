"""tools/active_learning.py: every command, its exit status, and its errors."""

import json
import os
import os.path as osp
import sys
import types
import zipfile

import numpy as np
import pytest

from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import load_state, new_state, writable
from mmpose_al.active_learning.statistics import load_views, save_views
from mmpose_al.cli.main import run_tool
from mmpose_al.command_line import command_line
from tests.test_active_learning.people import (
    ROUND,
    answer,
    opened,
    read,
    snapshot,
    write,
    write_pool,
)
from tests.test_active_learning.rig import make_views

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '..', '..'))


class tool:
    """tools/active_learning.py."""

    @staticmethod
    def main(words):
        return run_tool(
            osp.join(ROOT, 'tools', 'active_learning.py'),
            'status',
            'query',
            'ingest',
            'replay',
            'report',
            argv=words,
        )


@pytest.fixture
def experiment(tmp_path):
    """Round 0 is trained and scored; the query of round 1 is out."""
    path, pixels, views = write_pool(tmp_path / 'data')
    work = str(tmp_path / 'work')
    annotator = opened(work, path)
    annotator.ask(ROUND, [20, 0], [3.0, 1.0], views)
    state = new_state(work, load_pool(path, 'frames'), 'digest', 0)
    state.add_labels(0, [10], 'FileAnnotator')
    state.finish(0, 'annotate', dict(labels=1, views=4, joints=20))
    state.finish(0, 'train', dict(metrics={'multiview/MKPE': 31.25}))
    return work, pixels


def exported(work, pixels, folder, ids=(80, 81)):
    data = answer(read(work, 'coco'), 'coco', {i: pixels[i] for i in ids})
    return write(data, folder / 'answers.json', 'coco')


def test_status_before_and_after_the_answers(experiment, tmp_path, capsys):
    work, pixels = experiment
    assert tool.main(['status', work]) == 3
    said = capsys.readouterr().out
    assert '1 of 3 frames are labelled' in said and 'MKPE 31.25' in said
    assert 'round 1 waits for labels' in said
    assert f'{command_line("ingest", str(work))} ' in said
    assert tool.main(['status', work, '--json']) == 3
    assert json.loads(capsys.readouterr().out)['pending'] == 1
    state = writable(load_state(work))
    state.stage(0, 'train')['metrics']['multiview/MKPE'] = float('nan')
    state.write()
    assert tool.main(['status', work]) == 3
    assert 'MKPE nan' in capsys.readouterr().out
    assert tool.main(['status', work, '--json']) == 3
    assert 'NaN' not in capsys.readouterr().out
    assert tool.main(['ingest', work, exported(work, pixels, tmp_path)]) == 0
    capsys.readouterr()
    assert tool.main(['status', work]) == 0
    said = capsys.readouterr().out
    assert '2 of 8 persons are answered' in said and command_line('train') in said
    state = writable(load_state(work))
    os.remove(osp.join(work, 'answers', 'round_01.json'))
    state.content['finished'] = 'limits were lowered'
    state.write()
    assert tool.main(['status', work]) == 0  # nothing waits for an answer
    assert 'finished: limits were lowered' in capsys.readouterr().out
    assert tool.main(['status', str(tmp_path)]) == 1
    assert 'no experiment' in capsys.readouterr().err


def test_query_prints_and_writes_other_formats(experiment, tmp_path, capsys):
    work, _ = experiment
    assert tool.main(['query', work]) == 0
    rows = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith(('| 20 ', '| 0 '))
    ]
    assert [r.split(' | ')[0] for r in rows] == ['| 20'] * 4 + ['| 0'] * 4
    assert rows[4].split(' | ')[3:5] == ['cam2', '2']  # the worst of frame 0
    assert tool.main(['query', work, '--units', '0']) == 0
    assert '| 20 ' not in capsys.readouterr().out
    out = tmp_path / 'more'
    assert tool.main(['query', work, '--formats', 'cvat', '--out', str(out)]) == 0
    with zipfile.ZipFile(str(out / 'cvat_keypoints.zip')) as again, zipfile.ZipFile(
        osp.join(work, 'query', 'round_01', 'cvat_keypoints.zip')
    ) as old:
        assert again.namelist() == old.namelist()
    for words, text in (
        (['--formats', 'cvat', '--out', str(out)], 'not empty'),
        (['--formats', 'cvat'], 'go together'),
        (['--round', '7'], 'round 7 has no query'),
        (['--units', '5'], 'not asked for'),
    ):
        capsys.readouterr()
        assert tool.main(['query', work] + words) == 1
        assert text in capsys.readouterr().err


def test_ingest_says_what_it_took_and_what_is_wrong(experiment, tmp_path, capsys):
    work, pixels = experiment
    pixels[81] = pixels[81].copy()
    pixels[81][0] += [90, 0]
    path = exported(work, pixels, tmp_path, (80, 81, 82, 83))
    before = snapshot(work)
    assert tool.main(['ingest', work, path, '--dry-run']) == 0
    assert 'would be accepted' in capsys.readouterr().out and snapshot(work) == before
    assert tool.main(['ingest', work, path]) == 0
    said = capsys.readouterr()
    assert '1 units, 4 views, 20 joints accepted (coco)' in said.out
    assert command_line('train', str(work)) in said.out
    assert 'nose in cam1 (annotation 81) is 90 px' in said.err
    after = snapshot(work)
    assert tool.main(['ingest', work, path]) == 0
    assert 'nothing is new' in capsys.readouterr().out
    pixels[82] = pixels[82] * float('nan')
    assert tool.main(['ingest', work, exported(work, pixels, tmp_path, (80, 82)), '--dry-run']) == 0
    assert '1 persons keep their earlier labels' in capsys.readouterr().out
    with open(path, 'a') as file:
        file.write('}')
    assert tool.main(['ingest', work, path]) == 1
    assert 'is not JSON' in capsys.readouterr().err and snapshot(work) == after


def test_wrong_usage_is_status_2(capsys):
    for words in ([], ['annotate']):
        assert tool.main(words) == 2
    for words in (['ingest', 'a'], ['report', 'a']):
        with pytest.raises(SystemExit) as left:
            tool.main(words)
        assert left.value.code == 2
    assert '--out' in capsys.readouterr().err


def test_replay_of_a_score_file(tmp_path, capsys):
    noise = np.array([1.0, 9.0, 2.0, 30.0])
    views, _ = make_views(4, noise)
    path = str(tmp_path / 'scores.npz')
    save_views(views, path)
    assert tool.main(['replay', path, '--strategy', 'MultiPeakEntropy', '--budget', '3']) == 0
    lines = [x.split() for x in capsys.readouterr().out.splitlines() if x[0] != '#']
    mean = views.entropy.reshape(4, 4).mean(1)
    order = np.argsort(-mean)[:3]
    assert [int(x[1]) for x in lines] == (order * 10).tolist()
    np.testing.assert_allclose([float(x[2]) for x in lines], mean[order], rtol=1e-5)
    assert (
        tool.main(
            [
                'replay',
                path,
                '--strategy',
                'MultiViewConsistency',
                '--budget',
                '2',
                '--options',
                'aggregate=max',
                '--json',
            ]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found['ids'] == [30, 10]  # the noisiest
    config = tmp_path / 'c.py'
    config.write_text("active_learning = dict(strategy=dict(type='RandomSampling'))\n")
    assert tool.main(['replay', path, '--config', str(config), '--budget', '4']) == 0
    assert 'RandomSampling' in capsys.readouterr().out
    for words, text in (
        (['--strategy', 'Oracle', '--budget', '1'], 'MultiPeakEntropy'),
        (['--strategy', 'RandomSampling'], 'give --budget'),
        (['--budget', '1'], 'give --strategy'),
    ):
        assert tool.main(['replay', path] + words) == 1
        assert text in capsys.readouterr().err
    save_views(views.replace(unit=views.image_id), path)  # single images
    for strategy, status in (('MultiViewConsistency', 1), ('MultiPeakEntropy', 0)):
        assert tool.main(['replay', path, '--strategy', strategy, '--budget', '1']) == status
    assert "unit is 'images'" in capsys.readouterr().err
    assert tool.main(['replay', str(tmp_path), '--strategy', 'RandomSampling']) == 1
    assert 'no experiment' in capsys.readouterr().err


def test_replay_of_an_experiment_selects_as_it_did(tmp_path, capsys):
    """Labelled units, seed, round and budget are those of the experiment."""
    from mmpose_al.active_learning.statistics import sort_views
    from mmpose_al.datasets.format import load_multiview
    from mmpose_al.engine.active_learning import ActiveLearningExperiment
    from mmpose_al.synthetic import write_benchmark
    from tests.test_engine.test_active_learning import config

    root, work = str(tmp_path / 'data'), str(tmp_path / 'work')
    write_benchmark(root, 'tiny', workers=1)
    cfg = config(root, work, strategy=dict(type='RandomSampling'), initial=1)
    os.makedirs(work)
    cfg.dump(osp.join(work, 'experiment_config.py'))
    experiment = ActiveLearningExperiment(cfg)
    data = load_multiview(osp.join(root, 'train.json'))
    images = {i['id']: i for i in data['images']}
    views, _ = make_views(4)
    columns = views.columns
    for row, annotation in enumerate(data['annotations']):
        image = images[annotation['image_id']]
        columns['id'][row], columns['image_id'][row] = annotation['id'], image['id']
        columns['unit'][row] = columns['frame_id'][row] = image['frame_id']
    os.makedirs(osp.join(work, 'round_00'))
    scores = osp.join(work, 'round_00', 'scores.npz')
    save_views(sort_views(type(views)(**columns)), scores)
    state = experiment.state
    state.add_labels(0, [experiment.context.pool.initial(1, 5)[0]], 'somebody')
    state.finish(0, 'annotate', {})
    state.finish(0, 'score', {})
    before = snapshot(work)
    expected = experiment.context.strategy.select(experiment.context.statistics(0), 2)
    for given in (work, scores):
        assert tool.main(['replay', given, '--json']) == 0
        found = json.loads(capsys.readouterr().out)
        assert found['ids'] == expected.ids and found['utilities'] == expected.utilities
    assert tool.main(['replay', work, '--round', '3']) == 1
    assert 'round 3 has no scores' in capsys.readouterr().err
    assert snapshot(work) == before and len(load_views(scores).id) == 16


def test_report_is_handed_on(tmp_path, monkeypatch, capsys):
    calls = []
    module = types.ModuleType('mmpose_al.active_learning.report')
    module.write_report = lambda dirs, out: calls.append((dirs, out)) or f'{out}/index.html'
    monkeypatch.setitem(sys.modules, 'mmpose_al.active_learning.report', module)
    assert tool.main(['report', 'a', 'b', '--out', 'c']) == 0
    assert calls == [(['a', 'b'], 'c')]
    assert 'c/index.html' in capsys.readouterr().out
