"""``mmpose-al query``: the table, more formats, and refusals."""

import os.path as osp
import zipfile

import pytest

from mmpose_al.cli.main import main


def test_query_prints_and_writes_other_formats(experiment, tmp_path, capsys):
    work, _ = experiment
    assert main(['query', work]) == 0
    rows = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith(('| 20 ', '| 0 '))
    ]
    assert [r.split(' | ')[0] for r in rows] == ['| 20'] * 4 + ['| 0'] * 4
    assert rows[4].split(' | ')[3:5] == ['cam2', '2']  # the worst of frame 0
    assert main(['query', work, '--units', '0']) == 0
    assert '| 20 ' not in capsys.readouterr().out
    out = tmp_path / 'more'
    assert main(['query', work, '--formats', 'cvat', '--out', str(out)]) == 0
    with zipfile.ZipFile(str(out / 'cvat_keypoints.zip')) as again, zipfile.ZipFile(
        osp.join(work, 'query', 'round_01', 'cvat_keypoints.zip')
    ) as old:
        assert again.namelist() == old.namelist()
    for words, text in (
        (['--formats', 'cvat', '--out', str(out)], 'not empty'),
        (['--round', '7'], 'round 7 has no query'),
        (['--units', '5'], 'not asked for'),
    ):
        capsys.readouterr()
        assert main(['query', work] + words) == 1
        assert text in capsys.readouterr().err
    with pytest.raises(SystemExit, match='2'):
        main(['query', work, '--formats', 'cvat'])
    assert '--formats and --out go together' in capsys.readouterr().err
