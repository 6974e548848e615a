"""Jobs end with the process that started them."""

import os
import os.path as osp
import signal
import subprocess
import sys
import time

import pytest

from mmpose_al.cli.errors import CommandError
from mmpose_al.cli.jobs import Job, Progress, clock, run_jobs

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


def job(tmp_path, name, code):
    return Job(name, ['-c', code], str(tmp_path / f'{name}.log'))


def test_a_failing_job_stops_the_others_and_shows_its_last_words(tmp_path):
    slow = job(tmp_path, 'slow', 'import time; time.sleep(600)')
    bad = job(tmp_path, 'bad', 'raise ValueError("no such limb")')
    with pytest.raises(CommandError, match='no such limb') as caught:
        run_jobs([slow, bad])
    assert 'bad failed; the whole log is' in str(caught.value)
    assert slow.process.poll() is not None


def test_jobs_that_end_well_are_waited_for(tmp_path):
    jobs = [job(tmp_path, name, 'pass') for name in 'ab']
    run_jobs(jobs)
    assert [j.process.returncode for j in jobs] == [0, 0]


def test_jobs_find_the_package_wherever_they_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('PYTHONPATH', raising=False)
    run_jobs([Job('version', ['-m', 'mmpose_al', '--version'], str(tmp_path / 'log'))])
    assert (tmp_path / 'log').read_text().startswith('mmpose-al ')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_jobs_too(tmp_path, number):
    code = (
        'from mmpose_al.cli.jobs import Job, run_jobs\n'
        f"job = Job('slow', ['-c', 'import time; time.sleep(600)'], {str(tmp_path / 'log')!r})\n"
        'print(job.process.pid, flush=True)\n'
        'run_jobs([job])\n'
    )
    parent = subprocess.Popen(
        [sys.executable, '-c', 'import sys; sys.argv = ["mmpose-al"]\n' + code],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # As in a terminal: what a shell starts in the background ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    pid = int(parent.stdout.readline())
    time.sleep(1)  # until it waits
    os.kill(parent.pid, number)
    assert parent.wait(timeout=30) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


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
