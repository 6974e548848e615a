"""What train and test share: every argument of MMPose, the Runner of the config."""

import contextlib
import os
import os.path as osp
import runpy
import sys

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import RUNNERS

from mmpose_al.cli.errors import CommandError, UsageError
from mmpose_al.cli.launch import check_checkpoint, check_not_read, check_options, read_config
from mmpose_al.cli.main import main
from tests.launching import MMPOSE_TOOLS, logged_losses
from tests.tiny_coco import write_config


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


def test_a_checkpoint_that_is_no_file_is_told_with_the_newest(tmp_path):
    for address in ('https://x.org/a.pth', 'torchvision://resnet18'):
        check_checkpoint(address, 'the checkpoint')
    folder = str(tmp_path / 'run [1]')
    os.mkdir(folder)
    with pytest.raises(CommandError, match=r'\[1\]: is a folder without checkpoints'):
        check_checkpoint(folder, 'the checkpoint')
    for number, name in enumerate(('iter_20.pth', 'iter_9.pth', 'best.pth')):
        path = osp.join(folder, name)
        open(path, 'w').close()
        os.utime(path, (number, number))
    check_checkpoint(path, '--resume')
    for given, what in ((folder, 'is a folder'), (osp.join(folder, 'latest.pth'), 'no such file')):
        with pytest.raises(CommandError) as error:
            check_checkpoint(given, '--resume')
        assert str(error.value).startswith(f'--resume {given}: ') and what in str(error.value)
        assert str(error.value).endswith(f'the newest checkpoint there is {path}')


@pytest.mark.parametrize(
    'content, words',
    [
        (b'\xef\xbb\xbfa = 1\n', 'begins with a byte order mark; save it as UTF-8 without'),
        (b'a = 1\nb = (2\n', 'is no Python: line 2: '),
    ],
)
def test_a_config_that_is_no_python_is_a_line(content, words, tmp_path):
    path = tmp_path / 'c.py'
    path.write_bytes(content)
    with pytest.raises(CommandError) as error:
        read_config(str(path))
    assert str(error.value).startswith(f'{path}: {words}')
    (tmp_path / 'd.py').write_text("_base_ = './c.py'\n")  # of two the one that is wrong is named
    with pytest.raises(CommandError) as error:
        read_config(str(tmp_path / 'd.py'))
    assert str(error.value).startswith(f'{path}: {words}')


def test_a_project_or_a_text_in_place_of_a_config_is_told(tmp_path):
    (tmp_path / 'notes.txt').write_text('hello')
    with pytest.raises(CommandError, match='notes.txt: is no config, which ends in .py'):
        read_config(str(tmp_path / 'notes.txt'))
    with pytest.raises(CommandError, match='is a folder. Name a config$'):
        read_config(str(tmp_path))
    (tmp_path / 'configs').mkdir()
    for name in ('data.py', 'b.py'):
        (tmp_path / 'configs' / name).write_text('')
    with pytest.raises(CommandError, match=r'configs in it are .*configs/b.py, .*configs/data.py$'):
        read_config(str(tmp_path))


def test_what_a_config_reads_is_not_written(tmp_path):
    path = tmp_path / 'c.py'
    path.write_text(
        "train = dict(dataset=dict(labeled=[dict(data_root='data', ann_file='a.json')]))\n"
        "val = dict(dataset=dict(ann_file='data/b.json', ids_file='ids.json'))\n"
    )
    cfg = read_config(str(path))
    for name in ('data/a.json', './data/b.json', 'ids.json', str(path)):
        with pytest.raises(UsageError, match='which would be lost'):
            check_not_read(cfg, 'new.json', name)
    check_not_read(cfg, 'a.json', 'data/ids.json', 'c.py')


@pytest.mark.parametrize(
    'key, near',
    [
        ('randomess.seed', 'randomness'),
        ('train_dataloder.batch_size', 'train_dataloader'),
        ('load_cgf.into', 'load_cfg'),
    ],
)
def test_options_that_nobody_would_read_are_refused(key, near):
    cfg = Config(dict(model=dict(type='X'), mine=1))
    with pytest.raises(UsageError, match=f'--cfg-options {key}: .*did you mean {near}'):
        check_options(cfg, {key: 3})
    check_options(cfg, {f'{near}.x': 3, 'mine': 2, 'something.new': 1})
