"""``mmpose-al doctor``: what it prints, and its exit status."""

import json

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


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(['doctor', str(tmp_path)]) == 1
    assert 'holds no run' in capsys.readouterr().err
    assert main(['doctor', str(tmp_path / 'none')]) == 1
    assert 'there is no such folder' in capsys.readouterr().err
