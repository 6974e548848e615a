import contextlib
import glob
import json
import os
import os.path as osp
import runpy
import socket
import subprocess
import sys

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import RUNNERS

from mmpose_al.cli.main import main
from mmpose_al.engine.distributed import launch_environment, wrapper_without_device

from ..tiny_coco import NUM_IMAGES, write_config

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
MMPOSE_TOOLS = osp.join(osp.dirname(mmpose.__file__), '.mim', 'tools')
WRAPPER = """
custom_imports = dict(imports=['mmpose_al', 'mmpose_al.engine.gloo_without_gpu'])
model_wrapper_cfg = dict(
    type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
"""


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


@pytest.fixture
def run_here(monkeypatch):
    """Runs a script as ``python script words...`` would, in this process."""

    def call(script, *words):
        monkeypatch.setattr(sys, 'argv', [str(w) for w in (script,) + words])
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
        monkeypatch.setenv('LOCAL_RANK', '0')
        runpy.run_path(str(script), run_name='__main__')

    return call


@contextlib.contextmanager
def registered(registry, kind):
    """Puts a class into a registry for a while."""
    registry.register_module(module=kind)
    yield
    registry.module_dict.pop(kind.__name__)


def logged_losses(folder):
    [path] = glob.glob(f'{folder}/*/vis_data/scalars.json')
    with open(path) as file:
        return [json.loads(line)['loss'] for line in file]


def weights(path):
    return torch.load(path, map_location='cpu', weights_only=False)['state_dict']


def test_two_gloo_processes_train_and_test_any_mmpose_config(tmp_path):
    config = write_config(
        tmp_path,
        """
test_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(test_mode=True, **dataset))
test_cfg = dict()
test_evaluator = dict(type='PCKAccuracy', thr=0.5)
""",
    )
    output = run(['bash', f'{ROOT}/tools/dist_train.sh', config, 2, '--work-dir', 'w'], tmp_path)
    assert 'GPU number: 2' in output
    assert len(logged_losses(tmp_path / 'w')) == 2
    run(
        [
            'bash',
            f'{ROOT}/tools/dist_test.sh',
            config,
            'w/iter_2.pth',
            2,
            '--work-dir',
            't',
            '--out',
            'metrics.json',
        ],
        tmp_path,
    )
    with open(tmp_path / 'metrics.json') as file:
        assert 0 <= json.load(file)['PCK'] <= 1


def test_mmpose_own_dist_train_runs_a_prepared_config_without_gpu(tmp_path, run_here):
    # Each rank sees half of a batch of 4 and gloo averages their gradients, so both
    # trainings give the same network (its BatchNorm uses no batch statistics).
    config = write_config(tmp_path, WRAPPER)
    output = run(
        ['bash', f'{MMPOSE_TOOLS}/dist_train.sh', config, 2, '--work-dir', 'two'], tmp_path
    )
    assert 'GPU number: 2' in output
    run_here(
        f'{MMPOSE_TOOLS}/train.py',
        config,
        '--work-dir',
        tmp_path / 'one',
        '--cfg-options',
        'train_dataloader.batch_size=4',
        'experiment_name=one',
    )
    two, one = (weights(tmp_path / name / 'iter_2.pth') for name in ('two', 'one'))
    assert two.keys() == one.keys()
    for name in one:
        assert torch.allclose(two[name].float(), one[name].float(), atol=1e-5), name


def test_train_honours_runner_type_and_config_options(tmp_path, monkeypatch):
    trained = []

    class LoudRunner(Runner):
        def train(self):
            trained.append(self.cfg.train_cfg.max_iters)
            return super().train()

    with registered(RUNNERS, LoudRunner):
        config = write_config(tmp_path, "runner_type = 'LoudRunner'\n")
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
        words = ['--work-dir', tmp_path / 'w', '--cfg-options', 'train_cfg.max_iters=1']
        assert main(list(map(str, ['train', config, *words, 'experiment_name=loud']))) == 0
    assert trained == [1]
    assert len(logged_losses(tmp_path / 'w')) == 1


@pytest.mark.parametrize('script', ['train', 'test'])
def test_scripts_take_every_argument_of_mmpose(script, run_here, capsys):
    def options(show):
        with pytest.raises(SystemExit):
            show()
        words = (word.strip('[],') for word in capsys.readouterr().out.split())
        return {word for word in words if word.startswith('--')}

    theirs = options(lambda: run_here(f'{MMPOSE_TOOLS}/{script}.py', '--help'))
    ours = options(lambda: main([script, '--help']))
    assert '--cfg-options' in theirs
    assert theirs - ours == set()


@pytest.mark.parametrize('script', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test'])
def test_shell_scripts_say_how_they_are_used(script):
    done = subprocess.run(['bash', f'{ROOT}/tools/{script}.sh'], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f'usage: bash tools/{script}.sh ')


def test_slurm_script_calls_srun_with_every_word_intact(tmp_path):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    environ = environment(GPUS='4', GPUS_PER_NODE='0', SRUN_ARGS='--qos=low --mem=1G')
    environ['PATH'] = os.pathsep.join([str(tmp_path), environ['PATH']])
    words = subprocess.run(
        ['bash', f'{ROOT}/tools/slurm_train.sh', 'part', 'job', 'a config.py', 'w', '--resume'],
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.splitlines()
    assert words[:3] == ['-p', 'part', '--job-name=job']
    assert '--ntasks=4' in words and '--qos=low' in words and '--mem=1G' in words
    assert not any(word.startswith('--gres') for word in words)
    assert words[-5:] == ['a config.py', '--work-dir=w', '--launcher', 'slurm', '--resume']


@pytest.mark.parametrize(
    'launcher, environ',
    [
        (
            'pytorch',
            dict(RANK='3', WORLD_SIZE='4', LOCAL_RANK='1', MASTER_ADDR='a', MASTER_PORT='7'),
        ),
        (
            'slurm',
            dict(
                SLURM_PROCID='3',
                SLURM_NTASKS='4',
                SLURM_LOCALID='1',
                MASTER_ADDR='a',
                MASTER_PORT='7',
            ),
        ),
        (
            'mpi',
            dict(
                OMPI_COMM_WORLD_RANK='3',
                OMPI_COMM_WORLD_SIZE='4',
                OMPI_COMM_WORLD_LOCAL_RANK='1',
                MASTER_ADDR='a',
                MASTER_PORT='7',
            ),
        ),
    ],
)
def test_launch_environment_speaks_every_launcher(launcher, environ):
    assert launch_environment(launcher, environ) == dict(
        RANK='3', WORLD_SIZE='4', LOCAL_RANK='1', MASTER_ADDR='a', MASTER_PORT='7'
    )


def test_launch_environment_names_what_is_missing():
    with pytest.raises(RuntimeError, match='RANK, LOCAL_RANK, MASTER_ADDR'):
        launch_environment('pytorch', dict(WORLD_SIZE='2'))
    with pytest.raises(ValueError, match="unknown launcher 'ssh'"):
        launch_environment('ssh', {})
    found = launch_environment(
        'pytorch', dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0'), first_host='node1'
    )
    assert (found['MASTER_ADDR'], found['MASTER_PORT']) == ('node1', '29500')


def test_wrapper_keeps_what_the_config_asks_for():
    assert wrapper_without_device(None, True) == dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=True,
        device_ids=None,
    )
    asked = dict(type='MMSeparateDistributedDataParallel', static_graph=True)
    assert wrapper_without_device(asked) == dict(asked, device_ids=None)
    assert 'device_ids' not in asked


def test_import_makes_no_group_outside_torchrun(monkeypatch):
    from mmpose_al.engine import distributed

    monkeypatch.delenv('TORCHELASTIC_RUN_ID', raising=False)
    assert distributed.init_gloo_under_torchrun() is False
    assert not torch.distributed.is_initialized()


def test_prepare_launch_leaves_one_process_alone():
    from mmpose_al.engine.distributed import prepare_launch

    cfg = Config(dict(launcher='none'))
    prepare_launch(cfg)
    assert cfg.to_dict() == dict(launcher='none')
    assert NUM_IMAGES % 4 == 0  # the two-process test needs full batches
