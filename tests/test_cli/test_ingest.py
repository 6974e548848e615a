"""``mmpose-al ingest``: what was taken, what is worth a look, what is refused."""

import pytest

from mmpose_al.active_learning.answers import LabelWarning
from mmpose_al.cli.ingest import SHOWN, some, warn
from mmpose_al.cli.main import main
from mmpose_al.command_line import command_line
from tests.test_active_learning.people import snapshot
from tests.test_cli.people import exported


def test_ingest_says_what_it_took_and_what_is_wrong(experiment, tmp_path, capsys):
    work, pixels = experiment
    pixels[81] = pixels[81].copy()
    pixels[81][0] += [90, 0]
    path = exported(work, pixels, tmp_path, (80, 81, 82, 83))
    before = snapshot(work)
    assert main(['ingest', work, path, '--dry-run']) == 0
    assert 'would be accepted' in capsys.readouterr().out and snapshot(work) == before
    assert main(['ingest', work, path]) == 0
    said = capsys.readouterr()
    assert '1 units, 4 views, 20 joints accepted (coco)' in said.out
    assert command_line('train', work) in said.out
    assert 'nose in cam1 (annotation 81) is 90 px' in said.err
    after = snapshot(work)
    assert main(['ingest', work, path]) == 0
    assert 'nothing is new' in capsys.readouterr().out
    pixels[82] = pixels[82] * float('nan')
    assert main(['ingest', work, exported(work, pixels, tmp_path, (80, 82)), '--dry-run']) == 0
    assert '1 persons keep their earlier labels' in capsys.readouterr().out
    with open(path, 'a') as file:
        file.write('}')
    assert main(['ingest', work, path]) == 1
    assert 'is not JSON' in capsys.readouterr().err and snapshot(work) == after


def test_long_lists_are_cut(capsys):
    warn([LabelWarning('disagrees', f'click {i}', [i]) for i in range(SHOWN + 3)])
    said = capsys.readouterr().err
    assert f'click {SHOWN - 1}\n' in said and f'click {SHOWN}\n' not in said
    assert 'and 3 more (clicks that disagree with the other views: 3)' in said
    assert 'look at these labels' in said
    warn([])
    assert capsys.readouterr().err == ''
    assert some(range(3)) == '0, 1, 2' and some(range(SHOWN + 1)).endswith(f'{SHOWN - 1}, ...')


def test_wrong_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(['ingest', 'a'])
    assert left.value.code == 2
