"""status, query, replay and report, while a training goes on in the same folder."""

import json
import os
import os.path as osp
import subprocess
import sys

import pytest

from mmpose_al.active_learning import experiment as reader
from mmpose_al.active_learning.state import load_state
from mmpose_al.cli.main import main
from tests import ROOT
from tests.test_active_learning.experiments import answers, waiting
from tests.test_active_learning.states import writable

ASKING = (
    ['status', 'WORK'],
    ['status', 'WORK', '--json'],
    ['query', 'WORK'],
    ['query', 'WORK', '--formats', 'coco', 'cvat', '--out', 'OUT/query'],
    ['replay', 'WORK', '--strategy', 'MultiPeakEntropy'],
    ['replay', 'WORK', '--json'],
    ['report', 'WORK', '--out', 'OUT/report'],
)
# Python tells of every file that is opened, made, renamed or removed; NumPy's and others' too.
WATCHED = """
import json, os, sys
folder, commands = os.path.realpath(sys.argv[1]), json.loads(sys.argv[2])
found, now = [], []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OTHER = ('os.mkdir', 'os.rename', 'os.remove', 'os.rmdir', 'os.link', 'os.symlink', 'os.truncate',
         'os.chmod', 'os.utime', 'os.mkfifo', 'shutil.rmtree', 'shutil.move', 'shutil.copyfile',
         'fcntl.flock', 'fcntl.lockf')

def inside(path):
    if isinstance(path, int):
        return False
    return os.path.realpath(os.fsdecode(path)).startswith(folder)

def watch(event, values):
    if event == 'open':
        path, mode, flags = values
        if path is not None and (flags or 0) & WRITES and inside(path):
            found.append((now[-1], event, str(path)))
    elif event in OTHER:
        paths = values[:2] if event in ('os.rename', 'os.link', 'os.symlink') else values[:1]
        if event == 'shutil.copyfile':
            paths = values[1:2]
        if event == 'os.symlink':
            paths = values[1:2]
        if event.startswith('fcntl') or any(inside(path) for path in paths):
            found.append((now[-1], event, str(values)))

from mmpose_al.cli.main import main
now.append('start')
sys.addaudithook(watch)
states = []
for words in commands:
    now.append(words[0])
    states.append(main(words))
print(json.dumps([states, found]))
"""


@pytest.fixture(scope='module')
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp('begun')
    return folder, waiting(folder, limits=dict(rounds=3))


def stamps(folder):
    """Files and folders with their bytes, times and modes."""
    found = {}
    for home, folders, names in os.walk(str(folder)):
        for name in [*folders, *names, '.']:
            path = osp.join(home, name)
            about = os.lstat(path)
            content = open(path, 'rb').read() if osp.isfile(path) else None
            found[path] = (content, about.st_mtime_ns, about.st_ctime_ns, about.st_mode)
    return found


def watched(work, out, commands):
    """Exit states of commands in a process of their own, and what they wrote into a folder."""
    commands = [[w.replace('WORK', work).replace('OUT', out) for w in each] for each in commands]
    done = subprocess.run(
        [sys.executable, '-c', WATCHED, work, json.dumps(commands)],
        env=dict(os.environ, PYTHONPATH=ROOT, MPLBACKEND='Agg', OMP_NUM_THREADS='1'),
        cwd=out,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_is_written(begun, tmp_path):
    _, experiment = begun
    before = stamps(experiment.work)
    states, found = watched(experiment.work, str(tmp_path), ASKING)
    assert states == [3, 3, 0, 0, 0, 0, 0]
    assert found == []
    assert stamps(experiment.work) == before
    assert (tmp_path / 'report' / 'index.html').exists()


def test_what_is_written_would_be_seen(begun, tmp_path):
    folder, experiment = begun
    path = answers(experiment.work, 1, experiment.pixels, tmp_path, range(4))
    states, found = watched(experiment.work, str(tmp_path), [['ingest', 'WORK', path]])
    assert states == [0]
    assert {event for _, event, _ in found} >= {'open', 'os.rename', 'fcntl.flock'}
    os.remove(osp.join(experiment.work, 'answers', 'round_01.json'))


@pytest.mark.parametrize('words', ASKING, ids=lambda words: ' '.join(words[:2]))
def test_a_stage_that_ends_meanwhile_is_still_there(words, begun, tmp_path, monkeypatch, capsys):
    """A training finishes a stage when the command has just read the state."""
    _, experiment = begun
    ended = []

    def load(folder):
        state = load_state(folder)
        training = writable(load_state(folder))
        ended.append(dict(strategy='x', ids=[len(ended)], seconds=float(len(words))))
        training.finish(0, 'pseudo', ended[-1])
        return state

    monkeypatch.setattr(reader, 'load_state', load)
    words = [w.replace('WORK', experiment.work).replace('OUT', str(tmp_path)) for w in words]
    assert main(words) in (0, 3)
    assert len(ended) == 1
    assert load_state(experiment.work).stage(0, 'pseudo') == ended[-1]
