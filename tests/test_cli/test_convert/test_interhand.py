"""``mmpose-al convert interhand``."""

import pytest

from mmpose_al.cli.main import main
from mmpose_al.datasets.format import load_multiview
from tests.commands import command
from tests.test_converters.files import INTERHAND, crumb, real


@real
def test_a_summary_is_printed(tmp_path, capsys):
    out = str(tmp_path / 'out.json')
    options = ['--data', '--camera', '--joint-3d']
    words = [word for pair in zip(options, INTERHAND) for word in (pair[0], crumb(*pair[1]))]
    command('convert interhand', *words, '--images', crumb('interhand2.6m'), '--out', out)
    assert '4 frames of 4 sequences, 4 images' in capsys.readouterr().out
    assert len(load_multiview(out)['frames']) == 4


@pytest.mark.parametrize('value', ['0', '-1', '1.5'])
def test_a_step_that_cannot_be_is_refused(value, capsys):
    with pytest.raises(SystemExit):
        main(['convert', 'interhand', f'--step={value}'])
    assert 'argument --step: ' in capsys.readouterr().err
