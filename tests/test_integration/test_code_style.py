"""Format, lint and types, by the rules in pyproject.toml; pre-commit runs the same commands."""

import importlib.util
import os.path as osp
import subprocess
import sys

import pytest
import yaml

ROOT = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
CHECKS = ['ruff check', 'ruff format --check', 'mypy']


@pytest.mark.parametrize('check', CHECKS)
def test_code_passes(check):
    words = check.split()
    if importlib.util.find_spec(words[0]) is None:
        pytest.skip(f'{words[0]} is not installed: pip install -r requirements/tests.txt')
    done = subprocess.run(
        [sys.executable, '-m', *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-5000:]


def test_pre_commit_runs_the_same_checks_without_a_network():
    with open(osp.join(ROOT, '.pre-commit-config.yaml')) as file:
        [repo] = yaml.safe_load(file)['repos']
    assert repo['repo'] == 'local'
    assert [hook['entry'] for hook in repo['hooks']] == [f'python -m {check}' for check in CHECKS]
    assert {hook['language'] for hook in repo['hooks']} == {'system'}
    assert not any(hook['pass_filenames'] for hook in repo['hooks'])
