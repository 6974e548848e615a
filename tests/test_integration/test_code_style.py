"""Format, lint and types, by the rules in pyproject.toml; pre-commit runs the same commands."""

import glob
import importlib.util
import os.path as osp
import subprocess
import sys

import pytest
import yaml

from tests import ROOT

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


def test_no_duration_is_measured_by_a_clock_that_may_be_set_back():
    """What a file's age is compared with is the time of the day; all else is a duration."""
    found = []
    for path in glob.glob(osp.join(ROOT, 'mmpose_al', '**', '*.py'), recursive=True):
        with open(path, encoding='utf-8') as file:
            if 'time.time()' in file.read():
                found.append(osp.relpath(path, ROOT).replace(osp.sep, '/'))
    assert found == ['mmpose_al/fileio.py']
