"""Shell scripts for several GPUs and for Slurm."""

import os
import subprocess

import pytest

from tests.launching import ROOT, environment


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
