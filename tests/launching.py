"""Running launchers as other processes."""

import glob
import json
import os
import os.path as osp
import socket
import subprocess
import sys

import mmpose

from tests import ROOT

MMPOSE_TOOLS = osp.join(osp.dirname(mmpose.__file__), '.mim', 'tools')


def free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


def environment(**extra):
    paths = [osp.dirname(sys.executable), os.environ['PATH']]
    environ = dict(
        os.environ,
        PATH=os.pathsep.join(paths),
        PYTHON=sys.executable,
        PYTHONPATH=ROOT,
        OMP_NUM_THREADS='1',
        CUDA_VISIBLE_DEVICES='',
        PORT=str(free_port()),
        **extra,
    )
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'):
        environ.pop(name, None)
    return environ


def run(command, cwd, **extra):
    done = subprocess.run(
        [str(word) for word in command],
        cwd=str(cwd),
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def logged_losses(folder):
    [path] = glob.glob(f'{folder}/*/vis_data/scalars.json')
    with open(path) as file:
        return [json.loads(line)['loss'] for line in file]
