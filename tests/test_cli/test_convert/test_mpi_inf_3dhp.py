"""``mmpose-al convert mpi-inf-3dhp``."""

import pytest

from mmpose_al.cli.main import main
from mmpose_al.datasets.format import load_multiview
from tests.commands import command
from tests.test_converters.files import crumb, real


@real
def test_a_known_typo_is_told_in_a_line_and_mended_on_request(tmp_path):
    out = str(tmp_path / 'out.json')
    files = ['--annotations', crumb('mpi_inf_3dhp', 'test_3dhp_train.npz')]
    files += ['--cameras', crumb('mpi_inf_3dhp', 'cameras_train.pkl')]
    files += ['--images', crumb('mpi_inf_3dhp'), '--out', out]
    with pytest.raises(SystemExit) as stop:
        command('convert mpi-inf-3dhp', *files)
    assert stop.value.code.startswith('error: ') and '"h": is 204' in stop.value.code
    command('convert mpi-inf-3dhp', *files, '--fix-known-typos')
    assert len(load_multiview(out)['images']) == 2


@pytest.mark.parametrize('value', ['0', '-1', '1.5'])
def test_a_step_that_cannot_be_is_refused(value, capsys):
    with pytest.raises(SystemExit):
        main(['convert', 'mpi-inf-3dhp', f'--step={value}'])
    assert 'argument --step: ' in capsys.readouterr().err
