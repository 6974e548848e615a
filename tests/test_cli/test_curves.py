"""`mmpose-al curves` as a user calls it."""

import json

import cv2
import pytest

from tests.commands import command


def test_curves_of_two_runs(tmp_path, capsys):
    for name in ('one', 'two'):
        folder = tmp_path / name / '20260101_000000' / 'vis_data'
        folder.mkdir(parents=True)
        with open(folder / 'scalars.json', 'w') as file:
            for step in (1, 2, 3):
                file.write(
                    json.dumps(dict(step=step, loss=1 / step, response_easy=step / 10)) + '\n'
                )
            if name == 'two':
                file.write('{"step": 3, "coco/AP": 0.1, "pck/bbox@0.1": 50}\n')
    out = tmp_path / 'curves.png'
    command('curves', f'first={tmp_path / "one"}', tmp_path / 'two', '--out', out)
    assert 'loss, response' in capsys.readouterr().out
    assert cv2.imread(str(out)).shape[0] > 300
    for metric in ('coco/AP', 'pck/bbox@0.1'):
        command('curves', tmp_path / 'one', tmp_path / 'two', '--out', out, '--metric', metric)
        assert 'metric' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='coco/AP, pck/bbox@0.1'):
        command('curves', tmp_path / 'two', '--out', out, '--metric', 'AP')
    with pytest.raises(SystemExit, match="'AP'"):
        command('curves', tmp_path / 'one', '--out', out, '--metric', 'AP')
    with pytest.raises(SystemExit) as stopped:
        command('curves', tmp_path / 'one', tmp_path / 'one', '--out', out)
    assert stopped.value.code == 2
    with pytest.raises(SystemExit, match='nothing'):
        command('curves', tmp_path / 'nothing', '--out', out)
