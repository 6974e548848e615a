"""A process that is asked to end with its parent does."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests import ROOT
from tests.test_cli.test_jobs import is_there

PARENT = """
import subprocess, sys, time
from mmpose_al.processes import end_with_parent
code = 'import time; time.sleep(600)'
child = subprocess.Popen([sys.executable, '-c', code], preexec_fn=end_with_parent)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux can be asked')
def test_a_child_ends_with_its_killed_parent_though_it_took_its_handlers():
    parent = subprocess.Popen(
        [sys.executable, '-c', 'import signal; signal.signal(15, signal.SIG_IGN)' + PARENT],
        env=dict(os.environ, PYTHONPATH=ROOT),
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    assert is_there(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait(timeout=30)
    until = time.monotonic() + 30
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_there(pid)
