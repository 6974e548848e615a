"""``mmpose-al convert h36m``."""

import pytest

from mmpose_al.cli.main import main
from mmpose_al.datasets.format import load_multiview
from tests.commands import command
from tests.test_converters.files import crumb, real


@real
def test_subjects_are_chosen(tmp_path):
    out = str(tmp_path / 'out.json')
    files = ['--annotations', crumb('h36m', 'test_h36m_body3d.npz')]
    files += ['--cameras', crumb('h36m', 'cameras.pkl'), '--images', crumb('h36m')]
    command('convert h36m', *files, '--out', out, '--subjects', 'S1')
    data = load_multiview(out)
    assert len(data['images']) == 1
    assert {frame['subject'] for frame in data['frames']} == {'S1'}


@pytest.mark.parametrize('value', ['0', '-1', '1.5'])
def test_a_step_that_cannot_be_is_refused(value, capsys):
    with pytest.raises(SystemExit):
        main(['convert', 'h36m', f'--step={value}'])
    assert 'argument --step: ' in capsys.readouterr().err
