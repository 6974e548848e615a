"""Signals to long commands: they end, and no process that they started is left."""

import os
import os.path as osp
import signal
import socket
import subprocess
import sys
import time

import pytest

from mmpose_al.active_learning.doctor import examine
from mmpose_al.checkpoint_files import NOTE, newest_whole
from tests import ROOT
from tests.test_active_learning.experiments import waiting
from tests.test_cli.test_jobs import is_there

PATIENCE = 60  # seconds, on a busy machine
pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='looks at processes in /proc')
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL)
#: A training of a linear layer whose data come from two other processes.
TRAINING = """
import sys
from mmpose_al.cli import train
from mmpose_al.cli.main import Command, run_command
from tests.test_engine.test_hooks.test_safe_checkpoint import run as train_layer

def run(args):
    train_layer(args.config, 10**6, workers=2)

train.run = run
sys.exit(run_command(Command(train, 'train', 'mmpose-al train', ''), sys.argv[1:]))
"""
#: In place of a training of the quickstart: goes on from the newest checkpoint, step by step.
STAND_IN = """
import os, sys, time
sys.argv[0] = 'mmpose-al'  # the package loads no PyTorch then
from mmpose_al.checkpoint_files import NOTE, newest_whole
from mmpose_al.fileio import write_checked, write_text

folder, steps = os.path.abspath(sys.argv[1]), int(sys.argv[2])
found = newest_whole(folder).path
print('goes on from', found, flush=True)
for step in range(int(found.split('_')[-1][:-4]) + 1 if found else 1, steps + 1):
    path = f'{folder}/iter_{step}.pth'
    write_checked(path, bytes([128]) * 10**6)  # begins as a checkpoint does
    write_text(f'{folder}/{NOTE}', path)
    time.sleep(0.02)
"""
#: The quickstart with these and a short config, and without what it makes of its trainings.
QUICKSTART = """
import sys
sys.argv[0] = 'mmpose-al'
from mmengine.config import Config
from mmpose_al.cli import jobs, launch, quickstart
from mmpose_al.cli.main import Command, run_command

stand_in, steps = sys.argv[1:]
schedule = dict(max_iters=9, round_cfg=dict(max_iters=9))
config = Config(dict(train_cfg=schedule, active_learning=dict(self_training=dict(rounds=1))))

def job(name, words, log):
    folder = words[words.index('--work-dir') + 1]
    return jobs.Job(name, ['-c', stand_in, folder, steps], log)

quickstart.Job = job
launch.read_config = lambda name: config
quickstart.write_data = quickstart.digest_of = lambda *given: 'digest'
quickstart.everything = lambda: None
quickstart.draw_pictures = lambda *runs: ('curves', 'overlays')
quickstart.TrainingRun.rows = quickstart.ExperimentRun.rows = lambda self: []
sys.exit(run_command(Command(quickstart, 'quickstart', 'mmpose-al quickstart', ''), []))
"""


def members(session):
    """Processes of a session that run."""
    found = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.getsid(int(name)) == session and is_there(int(name)):
                found.append(int(name))
        except ProcessLookupError:
            continue
    return found


def started(words, cwd, **environ):
    """A command in a session of its own that takes all signals, as in a terminal."""

    def prepare():
        os.setsid()
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, *words],
        env=dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1', **environ),
        cwd=str(cwd),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=prepare,
    )


def ends_with_all(process, number, ready):
    """Whether a command, once it is at work, ends at a signal with all that it has started."""
    try:
        wait_for(ready)
        process.send_signal(number)
        wait_for(lambda: not members(process.pid))
        return process.wait(timeout=PATIENCE) != 0
    finally:
        for pid in members(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.communicate()


def wait_for(done):
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until, 'it takes too long'
        time.sleep(0.1)


@pytest.mark.parametrize('number', SIGNALS)
def test_synthetic(tmp_path, number):
    """Its pictures are drawn by two workers."""
    words = ['-m', 'mmpose_al', 'synthetic', str(tmp_path / 'data'), '--preset', 'small']
    process = started([*words, '--workers', '2'], tmp_path)
    parts = tmp_path / 'data' / 'parts'
    assert ends_with_all(
        process,
        number,
        lambda: len(members(process.pid)) == 3 and parts.is_dir() and os.listdir(str(parts)),
    )


@pytest.mark.parametrize('number', SIGNALS)
def test_train(tmp_path, number):
    process = started(['-c', TRAINING, str(tmp_path / 'run')], tmp_path)
    wanted = tmp_path / 'run' / 'iter_2.pth'
    assert ends_with_all(
        process, number, lambda: len(members(process.pid)) >= 3 and wanted.exists()
    )


def quickstart(cwd, steps):
    return started(['-c', QUICKSTART, STAND_IN, str(steps)], cwd)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_quickstart(tmp_path, number):
    """Its trainings end with it, nothing is half, and a second call goes on."""
    home = tmp_path / 'work_dirs' / 'quickstart'
    runs = [home / 'active-learning', home / 'multiviewposedual']
    process = quickstart(tmp_path, 10**6)

    def ready():
        begun = all((run / NOTE).exists() for run in runs)
        return begun and len(members(process.pid)) == 3

    assert ends_with_all(process, number, ready)
    before = [newest_whole(str(run)) for run in runs]
    assert all(found.path and not found.told for found in before), before
    damaged = [each.path for run in runs for each in examine(str(run)).damaged]
    assert all(path.endswith('.tmp') for path in damaged)  # what nobody reads
    assert not any((run / 'finished.json').exists() for run in runs)
    steps = 2 + max(int(osp.basename(found.path)[5:-4]) for found in before)
    again = quickstart(tmp_path, steps)
    said = again.communicate(timeout=PATIENCE)[0]
    assert again.returncode == 0 and 'quickstart: done in' in said, said
    for run, found in zip(runs, before):
        assert f'goes on from {found.path}' in (run / 'train.log').read_text()
        assert newest_whole(str(run)).path == str(run / f'iter_{steps}.pth')
        assert (run / 'finished.json').exists()


@pytest.fixture(scope='module')
def asked(tmp_path_factory):
    """An experiment that waits for answers."""
    return waiting(tmp_path_factory.mktemp('asked'), limits=dict(rounds=2)).work


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_label(asked, tmp_path, number):
    process = started(['-m', 'mmpose_al', 'label', asked, '--no-browser'], tmp_path)
    journals = osp.join(asked, '.label.lock')
    if osp.exists(journals):
        os.remove(journals)
    assert ends_with_all(process, number, lambda: osp.exists(journals))


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_push_to_a_server_that_says_nothing(asked, tmp_path, number):
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen()
        server.settimeout(PATIENCE)
        url = f'http://127.0.0.1:{server.getsockname()[1]}'
        words = ['-m', 'mmpose_al', 'push', asked, '--url', url]
        process = started(words, tmp_path, LABEL_STUDIO_API_KEY='x')
        connection, _ = server.accept()
        with connection:
            assert ends_with_all(process, number, lambda: True)
