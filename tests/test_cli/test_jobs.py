"""Jobs end with the process that started them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mmpose_al.cli import jobs
from mmpose_al.cli.errors import CommandError
from mmpose_al.cli.jobs import Job, Progress, clock, run_here, run_jobs
from tests import ROOT


def job(tmp_path, name, code, started=None):
    """What starts a job, and notes it in ``started``."""

    def start():
        made = Job(name, ['-c', code], str(tmp_path / f'{name}.log'))
        if started is not None:
            started.append(made)
        return made

    return start


def test_a_failing_job_stops_the_others_and_shows_its_last_words(tmp_path):
    started = []
    slow = job(tmp_path, 'slow', 'import time; time.sleep(600)', started)
    bad = job(tmp_path, 'bad', 'raise ValueError("no such limb")')
    with pytest.raises(CommandError, match='no such limb') as caught:
        run_jobs([slow, bad])
    assert 'bad failed; the whole log is' in str(caught.value)
    assert started[0].process.poll() is not None


def test_a_job_that_does_not_start_stops_those_that_did(tmp_path):
    def stopped():
        raise SystemExit(143)  # a signal between two starts

    started = []
    with pytest.raises(SystemExit):
        run_jobs([job(tmp_path, 'slow', 'import time; time.sleep(600)', started), stopped])
    assert started[0].process.poll() is not None


def test_jobs_that_end_well_are_waited_for(tmp_path):
    started = []
    run_jobs([job(tmp_path, name, 'pass', started) for name in 'ab'])
    assert [each.process.returncode for each in started] == [0, 0]


def test_a_job_that_does_not_want_to_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, 'PATIENCE', 0.5)
    code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'
    made = job(tmp_path, 'deaf', code)()
    time.sleep(1)
    made.stop()
    assert made.process.poll() == -signal.SIGKILL


def test_jobs_find_the_package_wherever_they_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('PYTHONPATH', raising=False)
    words = ['-m', 'mmpose_al', '--version']
    run_jobs([lambda: Job('version', words, str(tmp_path / 'log'))])
    assert (tmp_path / 'log').read_text().startswith('mmpose-al ')


KILLED = [signal.SIGKILL] if sys.platform == 'linux' else []


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, *KILLED])
def test_a_signal_ends_the_jobs_too(tmp_path, number):
    code = (
        'from mmpose_al.cli.jobs import Job, run_jobs\n'
        'def start():\n'
        f'    log = {str(tmp_path / "log")!r}\n'
        "    job = Job('slow', ['-c', 'import time; time.sleep(600)'], log)\n"
        '    print(job.process.pid, flush=True)\n'
        '    return job\n'
        'run_jobs([start])\n'
    )
    parent = program(code)
    pid = int(parent.stdout.readline())
    time.sleep(1)  # until it waits
    os.kill(parent.pid, number)
    assert parent.wait(timeout=30) != 0
    until = time.monotonic() + 10
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_there(pid)


def program(code):
    """A Python process with these lines that takes signals, as in a terminal."""

    def take_signals():  # the tests may run in the background, or under nohup
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, '-c', 'import sys; sys.argv = ["mmpose-al"]\n' + code],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=take_signals,
    )


def is_there(pid):
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def test_what_is_started_to_ignore_a_signal_goes_on_ignoring_it():
    code = (
        'import os, signal\n'
        'from mmpose_al.cli.jobs import stopped_by_signals\n'
        'signal.signal(signal.SIGHUP, signal.SIG_IGN)\n'
        'with stopped_by_signals():\n'
        '    os.kill(os.getpid(), signal.SIGHUP)\n'
        'print("still here")\n'
        'with stopped_by_signals():\n'
        '    os.kill(os.getpid(), signal.SIGTERM)\n'
    )
    nohup = program(code)
    assert nohup.communicate(timeout=60)[0] == 'still here\n'
    assert nohup.returncode == 128 + signal.SIGTERM


def test_progress_tells_now_and_then(capsys, monkeypatch):
    told = Progress(lambda: 'half')
    told()
    assert capsys.readouterr().out == ''
    told.shown -= 31
    told.start -= 125
    told()
    assert capsys.readouterr().out == 'quickstart: 2:05 half\n'
    told.end()
    assert clock(59.9) == '0:59' and clock(3601) == '60:01'


def test_a_line_on_a_terminal_is_written_over_the_one_before(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True)
    words = iter(['step 10', 'step 9'])
    told = Progress(lambda: next(words))
    for _ in range(2):
        told.shown -= 3
        told()
    told.end()
    lines = capsys.readouterr().out.split('\r')
    assert [line.split(' ', 2)[-1] for line in lines if line.strip()] == [
        'step 10', 'step 10', 'step 9 ', 'step 9'
    ]  # fmt: skip
    assert lines[-1] == '' and lines[-2] == ' ' * len(lines[4])


def test_what_runs_here_ends_with_the_status_that_a_shell_would_tell():
    assert run_here(['-c', 'raise SystemExit(3)']) == 3
    code = 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)'
    assert run_here(['-c', code]) == 128 + signal.SIGKILL
