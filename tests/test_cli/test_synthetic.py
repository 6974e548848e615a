"""``mmpose-al synthetic``: a folder, a sheet of pictures, a summary."""

import cv2
import pytest

from tests.commands import command


def test_a_finished_folder_is_summed_up_and_not_overwritten(tmp_path, capsys):
    out, sheet = tmp_path / 'tiny', tmp_path / 'sheet.png'
    words = [out, '--preset', 'tiny', '--seed', 3, '--quiet', '--workers', 1]
    command('synthetic', *words, '--contact-sheet', sheet, '--split', 'test')
    first = capsys.readouterr().out
    assert 'train: 16 images, 4 frames, 2 subjects' in first
    assert cv2.imread(str(sheet)).std() > 5
    command('synthetic', *words)
    assert [line.rsplit(',', 1)[0] for line in capsys.readouterr().out.splitlines()] == [
        line.rsplit(',', 1)[0] for line in first.splitlines()
    ]
    with pytest.raises(SystemExit, match='other settings'):
        command('synthetic', out, '--preset', 'small')
