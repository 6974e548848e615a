import email
import os
import os.path as osp
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from mmengine.config import Config

import mmpose_al
from tests import ROOT


def copy_of_the_clone(folder):
    """Copy the files that set-up and packaging need, as a fresh clone has them."""
    target = folder / 'clone'
    target.mkdir()
    for name in (
        'setup.py',
        'pyproject.toml',
        'MANIFEST.in',
        'model-index.yml',
        'requirements.txt',
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'CONTRIBUTING.md',
        'CITATION.cff',
    ):
        shutil.copy(osp.join(ROOT, name), target / name)
    for name in ('requirements', 'tools', 'demo', 'configs', 'mmpose_al'):
        shutil.copytree(
            osp.join(ROOT, name),
            target / name,
            ignore=lambda _, names: [n for n in names if n in ('__pycache__', '.mim')],
        )
    return target


@pytest.fixture
def clone(tmp_path):
    return copy_of_the_clone(tmp_path)


def executable(folder, name, text):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def set_up(clone, *arguments, **environ):
    """Run the set-up where it must fail; returns the lines of its errors."""
    done = subprocess.run(
        ['bash', str(clone / 'tools' / 'setup_env.sh'), *arguments],
        env=dict(os.environ, **environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode not in (0, None)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith('setup: ')
    return lines[0]


@pytest.fixture
def complete_python():
    """An interpreter that set-up accepts; skips where there is none."""
    code = (
        'import os, sysconfig, venv, ensurepip; assert os.path.exists('
        'os.path.join(sysconfig.get_paths()["include"], "Python.h"))'
    )
    if subprocess.call([sys.executable, '-c', code], stderr=subprocess.DEVNULL):
        pytest.skip('this Python has no venv, ensurepip or Python.h')
    return sys.executable


def test_wrong_python_is_named_with_its_version(clone, tmp_path):
    old = executable(
        tmp_path / 'bin',
        'oldpython',
        f'#!/bin/sh\nexec "{sys.executable}" -c '
        '"import sys; sys.version_info = (3, 7, 1); exec(sys.stdin.read())"\n',
    )
    line = set_up(clone, PYTHON=str(old))
    assert 'it is Python 3.7, and 3.8 to 3.12 are supported' in line
    assert not (clone / '.venv').exists()


def test_missing_python_is_named(clone):
    assert "there is no 'python9.9'" in set_up(clone, PYTHON='python9.9')


def test_missing_compiler_is_told_before_anything_is_installed(clone, complete_python):
    line = set_up(clone, PYTHON=complete_python, CXX='no-such-compiler')
    assert "no C++ compiler 'no-such-compiler'" in line
    assert not (clone / '.venv').exists()


def test_broken_compiler_is_told(clone, complete_python, tmp_path):
    broken = executable(tmp_path / 'bin', 'broken-g++', '#!/bin/sh\nexit 1\n')
    line = set_up(clone, PYTHON=complete_python, CXX=str(broken))
    assert 'cannot compile C++17' in line and 'compiler.log' in line


def test_full_disk_is_told_with_what_is_free_and_needed(clone, complete_python, tmp_path):
    executable(
        tmp_path / 'bin',
        'df',
        '#!/bin/sh\necho Header\necho "/dev/disk 99999999 9999999 3145728 97% /"\n',
    )
    path = os.pathsep.join([str(tmp_path / 'bin'), os.environ['PATH']])
    line = set_up(clone, PYTHON=complete_python, PATH=path)
    assert 'disk too full: 3 GB free' in line and '8 GB needed' in line
    assert not (clone / '.venv').exists()


def test_no_network_is_told(clone, complete_python):
    environ = {name: value for name, value in os.environ.items() if not name.startswith('PIP_')}
    environ.update(
        PIP_INDEX_URL='http://127.0.0.1:9/simple', PIP_RETRIES='0', PIP_CONFIG_FILE=os.devnull
    )
    done = subprocess.run(
        ['bash', str(clone / 'tools' / 'setup_env.sh')],
        env=dict(environ, PYTHON=complete_python, CXX='true'),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith('setup: error: no network: pip reaches no package index')


def test_unknown_argument_is_an_error(clone):
    assert "unknown argument '--sistem'" in set_up(clone, '--sistem')


def python(*words, cwd):
    """Run Python where it must succeed."""
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=str(cwd),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The wheel of the source distribution of a fresh clone, as a zip file."""
    pytest.importorskip('wheel')
    folder = tmp_path_factory.mktemp('wheel')
    source = copy_of_the_clone(folder)
    python('setup.py', '--quiet', 'sdist', '--dist-dir', folder / 'sdist', cwd=source)
    [sdist] = (folder / 'sdist').glob('mmpose_al-*.tar.gz')
    options = ['--no-deps', '--no-build-isolation', '--quiet']
    python('-m', 'pip', 'wheel', *options, '--wheel-dir', folder / 'wheels', sdist, cwd=folder)
    assert not (source / 'mmpose_al' / '.mim').exists()  # the sources stay as they were
    [path] = (folder / 'wheels').glob('mmpose_al-*.whl')
    with zipfile.ZipFile(path) as file:
        yield file


def test_wheel_of_the_sdist_holds_the_package_and_what_mim_looks_for(wheel):
    names = set(wheel.namelist())
    for name in ('configs', 'demo', 'tools', 'mmpose_al'):
        prefix = '' if name == 'mmpose_al' else 'mmpose_al/.mim/'
        for folder, _, files in os.walk(osp.join(ROOT, name)):
            if '__pycache__' in folder or '.mim' in folder:
                continue
            for each in files:
                inside = prefix + osp.relpath(osp.join(folder, each), ROOT).replace(os.sep, '/')
                assert inside in names
    assert 'mmpose_al/.mim/model-index.yml' in names
    assert {name.split('/')[0] for name in names if '.dist-info/' not in name} == {'mmpose_al'}


def test_wheel_says_what_it_needs_and_which_command_it_brings(wheel):
    def content(name):
        [path] = [each for each in wheel.namelist() if each.endswith(f'.dist-info/{name}')]
        return wheel.read(path).decode()

    metadata = email.message_from_string(content('METADATA'))
    assert metadata['Name'].replace('-', '_') == 'mmpose_al'
    assert metadata['Version'] == mmpose_al.__version__
    assert metadata['Requires-Python'] == '>=3.8'
    extras = set(metadata.get_all('Provides-Extra'))
    extras = {name.replace('_', '-') for name in extras}  # as newer setuptools write them
    assert extras == {
        'benchmarks',
        'cvat',
        'dev',
        'docs',
        'label',
        'label-studio',
        'labs',
        'onnx',
        'tests',
    }
    needs = {re.match(r'[\w-]+', need).group() for need in metadata.get_all('Requires-Dist')}
    assert {'mmpose', 'torch', 'starlette', 'sleap-io', 'ruff', 'pre-commit'} <= needs
    assert 'mmpose-al = mmpose_al.cli.main:main' in content('entry_points.txt')


def test_editable_install_links_the_files_of_mim(clone):
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            'import runpy, setuptools; setuptools.setup = lambda **k: None; '
            "runpy.run_path('setup.py')['link_mim_files']()",
        ],
        cwd=str(clone),
    )
    assert done.returncode == 0
    config = clone / 'mmpose_al' / '.mim' / 'configs' / '_base_' / 'default_runtime.py'
    assert config.samefile(clone / 'configs' / '_base_' / 'default_runtime.py')


def test_configs_of_other_projects_inherit_ours(tmp_path):
    if not osp.exists(osp.join(osp.dirname(mmpose_al.__file__), '.mim', 'configs')):
        pytest.skip('mmpose_al is not installed: there is no mmpose_al/.mim')
    path = tmp_path / 'theirs.py'
    path.write_text(
        "_base_ = ['mmpose_al::_base_/models/res18_heatmap.py']\n"
        'model = dict(head=dict(out_channels=5))\n'
    )
    cfg = Config.fromfile(str(path))
    assert cfg.model.type == 'TopdownPoseEstimator'
    assert cfg.model.head.out_channels == 5

    from mmpose.registry import MODELS

    cfg.model.head.decoder = dict(
        type='MSRAHeatmap', input_size=(32, 32), heatmap_size=(8, 8), sigma=1
    )
    cfg.model.backbone.init_cfg = None
    assert MODELS.build(cfg.model).head.final_layer.out_channels == 5


def test_constraints_name_every_package_that_set_up_installs_by_name():
    with open(osp.join(ROOT, 'requirements', 'constraints.txt')) as file:
        constrained = set(re.findall(r'^([\w-]+)[<>=]', file.read(), re.M))
    assert {
        'torch',
        'torchvision',
        'mmcv',
        'chumpy',
        'mmengine',
        'mmdet',
        'mmpose',
        'xtcocotools',
        'numpy',
        'setuptools',
    } <= constrained
