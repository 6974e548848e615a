"""benchmarks/active_learning.py: resumes, keeps what is done, shares the work."""

import json
import os.path as osp
from types import SimpleNamespace

import pytest

from benchmarks import active_learning as benchmark
from mmpose_al.active_learning.settings import experiment_digest
from mmpose_al.active_learning.state import WritableState, load_state
from tests import ROOT


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A root with data; `tools/train.py` leaves an experiment of two rounds."""
    (tmp_path / 'work_dirs' / 'quickstart' / 'data').mkdir(parents=True)
    monkeypatch.setattr(benchmark, 'ROOT', str(tmp_path))
    monkeypatch.setattr(
        benchmark,
        'TABLES',
        {'t': {row: osp.join(ROOT, benchmark.PATH.format(row)) for row in benchmark.ROWS}},
    )
    calls = []

    def train(command, cwd, **kwargs):
        calls.append(command)
        if len(calls) == 1:
            return SimpleNamespace(returncode=-9)  # killed
        folder = osp.join(cwd, command[command.index('--work-dir') + 1])
        state = WritableState(
            folder,
            dict(
                format='mmpose_al-active-learning',
                version=1,
                config_digest='',
                seed=1,
                unit='frames',
                finished='2 rounds are done',
                pool=dict(file='train.json', units=50, sha256='0' * 64),
                labeled=[],
                rounds=[],
            ),
        )
        for number, labels in enumerate((10, 20)):
            state.finish(number, 'annotate', dict(labels=labels, views=80, joints=900, seconds=0.1))
            state.finish(
                number,
                'train',
                dict(
                    seconds=40.0,
                    steps=7,
                    metrics={
                        'multiview/MKPE': 50.0 - number,
                        'multiview/residual/a/x': 1.0,
                        'student0/pck/a': 7.0,
                        'pck/a': 3.0,
                        'pck/a/nose': 1.0,
                        'pck/a/action/sitting': 2.0,
                    },
                ),
            )
        state.finish(0, 'select', dict(ids=[3], utilities=[2.0], seconds=0.2))
        state.finish(0, 'pseudo', dict(ids=[4, 5], candidates=9, mkpe=1.5, seconds=0.3))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(benchmark.subprocess, 'run', train)
    return tmp_path, calls


def test_a_run_that_ends_early_says_so_in_its_command(place):
    root, calls = place
    with pytest.raises(SystemExit):
        benchmark.run('t', 'mvc', 0, [], until=20)
    assert calls[0][-2:] == ['randomness.seed=0', 'active_learning.limits.labels=20']
    assert benchmark.limit('all', 20) == benchmark.limit('mvc', 0) == []


def test_a_run_goes_on_is_kept_and_not_repeated(place):
    root, calls = place
    with pytest.raises(SystemExit, match='mvc-pl seed 1 ended with.*-9.*train.log'):
        benchmark.run('t', 'mvc-pl', 1, [])
    path = root / 'benchmarks' / 'results' / 'active_t' / 'mvc-pl_seed1.json'
    assert not path.exists()
    assert benchmark.run('t', 'mvc-pl', 1, []) == 'done'
    # the same command again: the experiment itself goes on where it was
    assert calls[0] == calls[1] and 'randomness.seed=1' in calls[0]
    result = json.loads(path.read_text())
    assert (result['row'], result['seed'], result['units']) == ('mvc-pl', 1, 50)
    assert result['steps'] == 7 and result['finished'] == '2 rounds are done'
    assert result['self_training'] == dict(num=4, schedule='alternate')
    first, second = result['rounds']
    assert (first['labels'], first['share'], second['share']) == (10, 0.2, 0.4)
    assert first['metrics'] == {
        'multiview/MKPE': 50.0,
        'student0/pck/a': 7.0,
        'pck/a': 3.0,
        'pck/a/action/sitting': 2.0,
    }
    assert (first['pseudo'], first['pseudo_mkpe'], first['candidates']) == (2, 1.5, 9)
    assert first['picked'] == [3] and second['picked'] is None
    assert first['seconds'] == dict(annotate=0.1, train=40.0, select=0.2, pseudo=0.3)
    assert benchmark.run('t', 'mvc-pl', 1, []) == 'done before' and len(calls) == 2


def test_two_commands_share_the_work(place):
    root, calls = place
    folder = root / 'work_dirs' / 'benchmarks' / 'active_t' / 'mvc_seed0'
    folder.mkdir(parents=True)
    with benchmark.alone(str(folder / 'benchmark.lock')) as mine:
        assert mine
        assert benchmark.run('t', 'mvc', 0, []) == 'runs elsewhere' and not calls
    calls.append(None)
    assert benchmark.run('t', 'mvc', 0, []) == 'done'


def test_missing_data_are_named(place):
    root, _ = place
    (root / 'work_dirs' / 'quickstart' / 'data').rmdir()
    with pytest.raises(SystemExit, match='mmpose-al synthetic work_dirs/quickstart/data'):
        benchmark.run('t', 'mvc', 0, [])


def experiment(tmp_path, row, digest=None, seed=0):
    """A folder whose first two rounds are trained, and its config."""
    config = benchmark.seeded(osp.join(ROOT, benchmark.PATH.format(row)), seed)
    folder = tmp_path / row
    state = WritableState(
        str(folder),
        dict(
            format='mmpose_al-active-learning',
            version=1,
            seed=seed,
            unit='frames',
            config_digest=digest or experiment_digest(config),
            finished='done',
            pool=dict(file='train.json', units=50, sha256='0' * 64),
            labeled=[dict(round=0, by='a', ids=[3]), dict(round=1, by='a', ids=[5])],
            rounds=[],
        ),
    )
    for number in range(2):
        state.finish(number, 'annotate', dict(labels=1, views=8, joints=9, seconds=0.1))
        state.finish(
            number,
            'train',
            dict(checkpoint=f'round_0{number}/iter_9.pth', steps=9, metrics={}, seconds=4.0),
        )
        state.finish(number, 'select', dict(ids=[5], utilities=[1.0], seconds=0.1))
    (folder / 'round_00').mkdir()
    for name in ('iter_9.pth', 'labels.json', 'taken.json', 'scores.npz'):
        (folder / 'round_00' / name).write_text(f'{row} {name}')
    return str(folder), config


def test_rows_of_a_seed_share_the_first_training(tmp_path):
    others = dict([experiment(tmp_path, 'random')])
    to = tmp_path / 'new'
    config = benchmark.seeded(osp.join(ROOT, benchmark.PATH.format('mvc-pl')), 0)
    assert benchmark.share_first_round(str(to), config, others) == str(tmp_path / 'random')
    # no more than the first training: the strategy's part is its own
    assert sorted(p.name for p in (to / 'round_00').iterdir()) == [
        'iter_9.pth',
        'labels.json',
        'taken.json',
    ]
    assert (to / 'round_00' / 'iter_9.pth').read_text() == 'random iter_9.pth'
    state = load_state(str(to))
    assert state.labeled() == [3] and len(state.rounds) == 1
    assert list(state.rounds[0]['stages']) == ['annotate', 'train']
    assert state.content['config_digest'] == experiment_digest(config)
    assert state.content['finished'] is None
    # an experiment that has begun is left as it is
    assert benchmark.share_first_round(str(to), config, others) == ''


@pytest.mark.parametrize(
    'row, seed, digest',
    [('mvc-posedual', 0, None), ('random', 1, None), ('random', 0, 'of another config')],
)
def test_a_training_that_differs_is_not_shared(tmp_path, row, seed, digest):
    others = dict([experiment(tmp_path, row, digest, seed)])
    config = benchmark.seeded(osp.join(ROOT, benchmark.PATH.format('mvc')), 0)
    assert benchmark.share_first_round(str(tmp_path / 'new'), config, others) == ''
    assert not (tmp_path / 'new').exists()
