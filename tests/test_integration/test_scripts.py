"""Files of tools/ and demo/ only call the package, and nothing else edits the import path."""

import ast
import glob
import os
import os.path as osp
import re
import subprocess
import sys

import pytest

from mmpose_al.cli import main as cli
from tests import ROOT

# What makes the pages, and an example that runs without the package; no commands of it.
NO_COMMANDS = ('tools/misc/site_', 'tools/misc/readme_picture.py', 'demo/onnx_demo.py')
SCRIPTS = sorted(
    path
    for folder in ('tools', 'demo')
    for path in (
        osp.relpath(found, ROOT)
        for found in glob.glob(osp.join(ROOT, folder, '**', '*.py'), recursive=True)
    )
    if not path.startswith(NO_COMMANDS)
)
MOST_LINES = 15


def read(path):
    with open(osp.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def python_files():
    """Of the project, without what Git does not keep."""
    folders = ('mmpose_al', 'tools', 'demo', 'benchmarks', 'tests', 'configs', 'docs')
    found = [path for path in os.listdir(ROOT) if path.endswith('.py')]
    for folder in folders:
        for home, folders_in, names in os.walk(osp.join(ROOT, folder)):
            folders_in[:] = [name for name in folders_in if name != '.mim']
            found += [osp.relpath(osp.join(home, n), ROOT) for n in names if n.endswith('.py')]
    return found


def edits_the_path(text):
    """Whether code has ``sys.path`` in it."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == 'path'
        and isinstance(node.value, ast.Name)
        and node.value.id == 'sys'
        for node in ast.walk(ast.parse(text))
    )


def test_no_other_file_touches_the_import_path():
    files = python_files()
    assert len(files) > 300 and set(SCRIPTS) <= set(files)
    found = [path for path in files if edits_the_path(read(path))]
    assert sorted(found) == SCRIPTS
    assert edits_the_path('import sys\nsys.path[:0] = []') and not edits_the_path('"sys.path"')


def imported(text):
    """Absolute names of the modules that code imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_nothing_imports_a_tool():
    for path in python_files():
        rooms = {name.split('.')[0] for name in imported(read(path))}
        assert not rooms & {'tools', 'demo'}, path


@pytest.mark.parametrize('path', SCRIPTS)
def test_scripts_are_a_few_lines_that_call_commands(path):
    text = read(path)
    assert len(text.splitlines()) <= MOST_LINES
    (call,) = re.findall(r'run_tool\(__file__, (.*)\)\)\n', text)
    commands = ast.literal_eval(f'[{call}]')
    assert commands
    for command in commands:
        assert hasattr(cli._module(command), 'run'), command
        assert f'``{command}``' in text or f'``mmpose-al {command}``' in text


def test_every_command_that_was_a_script_still_is():
    """People know tools/train.py; commands that came with the console script need none."""
    reached = {
        command
        for path in SCRIPTS
        for call in re.findall(r'run_tool\(__file__, (.*)\)\)\n', read(path))
        for command in ast.literal_eval(f'[{call}]')
    }
    assert {'train', 'test', 'status', 'convert videos', 'demo image'} <= reached


@pytest.mark.parametrize(
    'path', ['tools/train.py', 'tools/analysis/limb_lengths.py', 'demo/image_demo.py']
)
def test_scripts_run_from_any_folder_without_an_install(path, tmp_path):
    environ = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    done = subprocess.run(
        [sys.executable, osp.join(ROOT, path), '--help'],
        cwd=str(tmp_path),
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'usage: {osp.basename(path)} ')
    assert f'    python {path} ' in done.stdout
