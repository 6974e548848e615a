"""What a word stands for: a work directory, a checkpoint, a config."""

import os
import shutil

import pytest

from mmpose_al.fileio import FileError
from mmpose_al.prediction.model_files import find_model


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / 'run'
    folder.mkdir()
    (folder / 'net.py').write_text('a = 1\n')
    for age, name in enumerate(('iter_20.pth', 'best_pck_iter_10.pth', 'iter_10.pth')):
        (folder / name).write_bytes(name.encode())
        os.utime(folder / name, (1000 - age, 1000 - age))
    return folder


def test_a_work_directory_gives_its_best(run):
    files = find_model(str(run))
    assert files == (str(run / 'net.py'), str(run / 'best_pck_iter_10.pth'))
    assert files.scorer == 'net-best_pck_iter_10'
    (run / 'best_pck_iter_10.pth').unlink()
    assert find_model(str(run)).checkpoint == str(run / 'iter_20.pth')


def test_a_copied_run_without_a_best_gives_what_it_notes(run):
    (run / 'best_pck_iter_10.pth').unlink()
    (run / 'last_checkpoint').write_text('/elsewhere/iter_20.pth')
    os.utime(run / 'iter_10.pth', (5000, 5000))  # it was copied last
    assert find_model(str(run)).checkpoint == str(run / 'iter_20.pth')


def test_a_checkpoint_finds_the_config_beside_it(run):
    assert find_model(str(run / 'iter_10.pth')).config == str(run / 'net.py')
    (run / 'net.py').unlink()
    with pytest.raises(FileError, match='no config .* lies beside'):
        find_model(str(run / 'iter_10.pth'))


def test_a_script_beside_a_checkpoint_is_no_config(run):
    """Reading it would run it."""
    script = run / 'later.py'
    script.write_text("import os\nos.remove('everything')\n")
    os.utime(script, (9e9, 9e9))
    assert find_model(str(run / 'iter_10.pth')).config == str(run / 'net.py')
    (run / 'net.py').unlink()
    with pytest.raises(FileError, match='no config .* lies beside'):
        find_model(str(run / 'iter_10.pth'))


def test_a_config_needs_weights(run):
    with pytest.raises(FileError, match='is a config. Name its weights too: --checkpoint'):
        find_model(str(run / 'net.py'))
    files = find_model(str(run / 'net.py'), str(run / 'iter_10.pth'))
    assert files.checkpoint == str(run / 'iter_10.pth')
    with pytest.raises(FileError, match='no such checkpoint'):
        find_model(str(run / 'net.py'), str(run / 'iter_30.pth'))


def test_other_weights_or_another_network_are_another_model(run):
    one, two = (find_model(str(run / name)) for name in ('iter_10.pth', 'iter_20.pth'))
    assert len({one.identity(), two.identity(), one.identity('0')}) == 3


def test_what_is_no_model_is_said(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileError, match='neither a project nor the work directory'):
        find_model(str(tmp_path / 'empty'))
    with pytest.raises(FileError, match='no such config'):
        find_model(str(tmp_path / 'nothing'))


def test_an_experiment_gives_its_newest_round(tmp_path):
    for age, number in enumerate((0, 10, 2)):  # a copy has other times, and a clock is set back
        folder = tmp_path / 'experiment' / f'round_{number:02d}'
        folder.mkdir(parents=True)
        (folder / 'net.py').write_text('a = 1\n')
        (folder / 'iter_9.pth').write_bytes(b'w')
        (folder / 'last_checkpoint').write_text(str(folder / 'iter_9.pth'))
        os.utime(folder / 'iter_9.pth', (1000 + age, 1000 + age))
    newest = tmp_path / 'experiment' / 'round_10'
    files = find_model(str(tmp_path / 'experiment'))
    assert files == (str(newest / 'net.py'), str(newest / 'iter_9.pth'))
    again = newest / 'bootstrap_1'  # what the cameras taught it after the round's labels
    shutil.copytree(newest, again)
    os.utime(again / 'iter_9.pth', (500, 500))
    files = find_model(str(tmp_path / 'experiment'))
    assert files == (str(again / 'net.py'), str(again / 'iter_9.pth'))
