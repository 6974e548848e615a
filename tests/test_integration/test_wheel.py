"""The package as a wheel, in an empty folder, far from any clone."""

import json
import os
import os.path as osp
import shlex
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests import ROOT

CONFIG = 'mmpose_al::active_learning/synthetic/random_lite0_synthetic-64x64.py'
OPTIONS = [
    'model.backbone.init_cfg=None',
    'train_cfg.round_cfg.max_iters=2',
    'train_cfg.round_cfg.val_interval=2',
    'active_learning.initial=1',
    'active_learning.budget=1',
    'active_learning.limits.rounds=1',
    'active_learning.annotator.type=FileAnnotator',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
]


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """A folder that holds what the wheel installs, and a console script beside it."""
    pytest.importorskip('wheel')
    folder = tmp_path_factory.mktemp('wheel')
    clone = folder / 'clone'
    clone.mkdir()
    for name in os.listdir(ROOT):
        path = osp.join(ROOT, name)
        if osp.isfile(path) and not name.startswith('.'):
            shutil.copy(path, clone / name)
    for name in ('requirements', 'tools', 'demo', 'configs', 'mmpose_al'):
        ignore = shutil.ignore_patterns('__pycache__', '.mim')
        shutil.copytree(osp.join(ROOT, name), clone / name, ignore=ignore)
    options = ['--no-deps', '--no-build-isolation', '--quiet', '--wheel-dir', str(folder)]
    done = subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', *options, str(clone)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    shutil.rmtree(clone)
    (path,) = folder.glob('mmpose_al-*.whl')
    site = folder / 'site'
    with zipfile.ZipFile(path) as file:
        file.extractall(site)
        (entry,) = [n for n in file.namelist() if n.endswith('.dist-info/entry_points.txt')]
        assert 'mmpose-al = mmpose_al.cli.main:main' in file.read(entry).decode()
    script = folder / 'bin' / 'mmpose-al'
    script.parent.mkdir()
    script.write_text(  # what pip makes of an entry point
        f'#!{sys.executable}\nimport sys\nfrom mmpose_al.cli.main import main\n'
        "if __name__ == '__main__':\n    sys.exit(main())\n"
    )
    script.chmod(0o755)
    return site


@pytest.fixture(scope='module')
def empty(tmp_path_factory):
    return tmp_path_factory.mktemp('empty')


@pytest.fixture
def call(site, empty):
    """Runs a command in the empty folder; its status and what it prints."""

    def run(*words, status=0):
        done = subprocess.run(
            [str(site.parent / 'bin' / 'mmpose-al'), *words],
            cwd=str(empty),
            env=dict(
                os.environ,
                PYTHONPATH=str(site),
                PATH=os.pathsep.join([str(site.parent / 'bin'), os.environ['PATH']]),
                OMP_NUM_THREADS='1',
                CUDA_VISIBLE_DEVICES='',
                MPLBACKEND='Agg',
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == status, done.stdout[-3000:]
        return done.stdout

    return run


def test_the_package_is_that_of_the_wheel(site, call):
    assert call('--help').startswith('usage: mmpose-al COMMAND')
    assert CONFIG in call('configs', 'random', 'synthetic').splitlines()
    code = 'import mmpose_al; print(mmpose_al.__file__)'
    found = subprocess.run(
        [sys.executable, '-c', code],
        cwd=str(site.parent),
        env=dict(os.environ, PYTHONPATH=str(site)),
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    assert found.startswith(str(site))


def next_commands(said):
    """The commands that a text tells, as words behind the program."""
    lines = [line.strip() for line in said.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith('mmpose-al ')]


def test_from_data_to_an_experiment_whose_next_commands_are_right(call, empty):
    """synthetic, train until labels are asked for, status, and the commands it tells."""
    data = 'work_dirs/quickstart/data'  # as the config has it, in the current folder
    assert 'train: 16 images' in call('synthetic', data, '--preset', 'tiny', '--quiet')
    call('train', CONFIG, '--work-dir', 'work', '--cfg-options', *OPTIONS, status=3)
    said = call('status', 'work', status=3)
    assert 'round 0 waits for labels' in said
    label, ingest, train = next_commands(said)
    assert [label[0], ingest[0], train[0]] == ['label', 'ingest', 'train']
    path = empty / 'work' / 'query' / 'round_00' / 'coco_keypoints.json'
    answer = json.loads(path.read_text())
    for annotation in answer['annotations']:
        x, y, width, height = annotation['bbox']
        annotation['keypoints'] = [x + width / 2, y + height / 2, 2] * 17
        annotation['num_keypoints'] = 17
    (empty / 'answers.json').write_text(json.dumps(answer))
    said = call(*[word.replace('ANSWERS_FILE', 'answers.json') for word in ingest])
    assert '4 views, 68 joints accepted' in said
    assert next_commands(said) == [train]
    call(*train)
    said = call('status', 'work')
    assert '1 of 4 frames are labelled' in said and 'finished: ' in said
    assert next_commands(said) == []


def test_other_commands_find_what_they_need(call, empty):
    """The configs of MMPose and of the package, and data of the current folder."""
    call('synthetic', 'data', '--preset', 'tiny', '--quiet')
    said = call('split', 'data/train.json', '--out', 's.json', '--unit', 'frames', '--num', '2')
    assert said == 's.json: 2 frames labelled (random, seed 0)\n'
    said = call('draw', 'data/test.json', '--img-root', 'data/images', '--out', 'o', '--num', '1')
    assert '1 sheets, 1 scenes' in said
    wrong = call('train', 'mmpose_al::nothing.py', status=1)
    assert wrong.startswith('error: mmpose_al::nothing.py: no such config. ')


def test_mim_finds_the_tools(site, empty):
    """``mim train mmpose_al CONFIG`` runs this file."""
    done = subprocess.run(
        [sys.executable, str(site / 'mmpose_al' / '.mim' / 'tools' / 'train.py'), 'nix.py'],
        cwd=str(empty),
        env=dict(os.environ, PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith('error: nix.py: no such config')
