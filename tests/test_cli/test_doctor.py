"""``mmpose-al doctor``: what it prints, and its exit status."""

import json
import os

import pytest

from mmpose_al.active_learning.doctor import examine, repair
from mmpose_al.checkpoint_files import newest_whole
from mmpose_al.cli.main import main
from tests.test_active_learning.people import snapshot
from tests.test_checkpoint_files import save


def run_folder(tmp_path):
    for step in (3, 6):
        save(tmp_path / f'iter_{step}.pth', checked=True)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_6.pth'))
    return tmp_path


def test_a_whole_folder(tmp_path, capsys):
    folder = run_folder(tmp_path)
    before = snapshot(folder)
    assert main(['doctor', str(folder)]) == 0
    told = capsys.readouterr().out
    assert 'a run with 2 checkpoints' in told and '3 of 3 files are whole' in told
    assert main(['doctor', str(folder), '--repair']) == 0 and snapshot(folder) == before


def test_a_damaged_folder_is_told_and_repaired(tmp_path, capsys):
    folder = run_folder(tmp_path)
    (folder / 'iter_6.pth').write_bytes(b'PK')
    before = snapshot(folder)
    assert main(['doctor', str(folder)]) == 1 and snapshot(folder) == before
    told = capsys.readouterr().out
    assert 'damaged   iter_6.pth: its bytes are not those that were written' in told
    assert 'a training goes on from iter_3.pth' in told and 'repair with --repair' in told
    assert main(['doctor', str(folder), '--repair', '--json']) == 0
    found = json.loads(capsys.readouterr().out)
    assert found['repaired'] == [
        'iter_6.pth: is set aside as iter_6.pth.damaged',
        'last_checkpoint: names iter_3.pth now',
    ]
    assert [each['path'] for each in found['files']] == ['iter_3.pth', 'last_checkpoint']


def half(folder):
    content = (folder / 'iter_6.pth').read_bytes()
    (folder / 'iter_6.pth').write_bytes(content[: len(content) // 2])


def flipped(folder):
    content = bytearray((folder / 'iter_6.pth').read_bytes())
    content[-40] ^= 4
    (folder / 'iter_6.pth').write_bytes(content)


def outside(folder):
    elsewhere = folder.parent / 'other'
    elsewhere.mkdir(exist_ok=True)
    save(elsewhere / 'iter_9.pth')
    (folder / 'last_checkpoint').write_text(str(elsewhere / 'iter_9.pth'))


#: Kind of damage -> what does it, which files doctor names, and what a training goes on from.
HARM = {
    'half': (half, ['iter_6.pth'], 'iter_3.pth'),
    'flipped bit': (flipped, ['iter_6.pth'], 'iter_3.pth'),
    'empty': (lambda f: (f / 'iter_6.pth').write_bytes(b''), ['iter_6.pth'], 'iter_3.pth'),
    'zeros': (lambda f: (f / 'iter_6.pth').write_bytes(b'\0' * 4096), ['iter_6.pth'], 'iter_3.pth'),
    'gone': (lambda f: os.remove(str(f / 'iter_6.pth')), ['last_checkpoint'], 'iter_3.pth'),
    'empty note': (
        lambda f: (f / 'last_checkpoint').write_text(''),
        ['last_checkpoint'],
        'iter_6.pth',
    ),
    'no note': (lambda f: os.remove(str(f / 'last_checkpoint')), ['last_checkpoint'], 'iter_6.pth'),
    'note of another folder': (outside, ['last_checkpoint'], 'iter_6.pth'),
    'note of bytes': (
        lambda f: (f / 'last_checkpoint').write_bytes(b'\xff\xfe\0'),
        ['last_checkpoint'],
        'iter_6.pth',
    ),
}


@pytest.mark.parametrize('kind', list(HARM))
def test_every_damage_of_a_run_is_named_and_repaired(tmp_path, kind):
    harm, names, goes_on = HARM[kind]
    (tmp_path / 'run').mkdir()
    folder = run_folder(tmp_path / 'run')
    assert not examine(str(folder)).damaged
    harm(folder)
    damaged = examine(str(folder)).damaged
    assert [each.path for each in damaged] == names
    assert all(each.fault and each.means for each in damaged)
    assert repair(str(folder)) and not examine(str(folder)).damaged
    assert os.path.basename(newest_whole(str(folder)).path) == goes_on


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(['doctor', str(tmp_path)]) == 1
    assert 'holds no run' in capsys.readouterr().err
    assert main(['doctor', str(tmp_path / 'none')]) == 1
    assert 'there is no such folder' in capsys.readouterr().err
