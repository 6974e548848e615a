"""Command lines of the converters."""

import pytest

from mmpose_al.cli.main import main
from mmpose_al.datasets.format import load_multiview
from tests.commands import command
from tests.test_converters.files import INTERHAND, crumb, mannequin_files, real


@real
def test_command_lines_write_files_and_turn_errors_into_one_line(tmp_path, capsys):

    root = crumb('panoptic_body3d')
    command(
        'convert panoptic',
        root,
        '--out',
        str(tmp_path),
        '--train',
        '160906_band1',
        '--test',
        '160906_band2',
        '--test-cameras',
        '00_01',
        '00_02',
        '--missing-images',
        'keep',
    )
    assert len(load_multiview(str(tmp_path / 'train.json'))['cameras']) == 8
    assert len(load_multiview(str(tmp_path / 'test.json'))['cameras']) == 2
    assert not (tmp_path / 'val.json').exists()
    with pytest.raises(SystemExit, match='8 of 8 images are missing'):
        command('convert panoptic', *[root, '--out', str(tmp_path), '--train', '160906_band1'])
    out = str(tmp_path / 'out.json')
    command(
        'convert h36m',
        '--annotations',
        crumb('h36m', 'test_h36m_body3d.npz'),
        '--cameras',
        crumb('h36m', 'cameras.pkl'),
        '--images',
        crumb('h36m'),
        '--out',
        out,
        '--subjects',
        'S1',
    )
    assert len(load_multiview(out)['images']) == 1
    command(
        'convert interhand',
        '--data',
        crumb(*INTERHAND[0]),
        '--camera',
        crumb(*INTERHAND[1]),
        '--joint-3d',
        crumb(*INTERHAND[2]),
        '--images',
        crumb('interhand2.6m'),
        '--out',
        out,
    )
    assert '4 frames of 4 sequences, 4 images' in capsys.readouterr().out
    arguments = [
        '--annotations',
        crumb('mpi_inf_3dhp', 'test_3dhp_train.npz'),
        '--cameras',
        crumb('mpi_inf_3dhp', 'cameras_train.pkl'),
        '--images',
        crumb('mpi_inf_3dhp'),
        '--out',
        out,
    ]
    with pytest.raises(SystemExit) as stop:
        command('convert mpi-inf-3dhp', *arguments)
    assert stop.value.code.startswith('error: ') and '"h": is 204' in stop.value.code
    command('convert mpi-inf-3dhp', *arguments, '--fix-known-typos')
    assert len(load_multiview(out)['images']) == 2


@pytest.mark.parametrize(
    'name, option, values',
    [
        ('h36m', '--step', ('0', '-1', '1.5')),
        ('mpi-inf-3dhp', '--step', ('0', '-1', '1.5')),
        ('interhand', '--step', ('0', '-1', '1.5')),
        ('panoptic', '--fps', ('0', '-1', 'nan', 'inf')),
    ],
)
def test_command_lines_refuse_numbers_that_cannot_be(name, option, values, capsys):
    for value in values:
        with pytest.raises(SystemExit):
            main(['convert', name, f'{option}={value}'])
        assert f'argument {option}: ' in capsys.readouterr().err


def test_command_line_of_mannequin(tmp_path):

    folders, _, _ = mannequin_files(tmp_path)
    command(
        'convert mannequin',
        folders[0],
        '--predictions',
        folders[1],
        '--images',
        str(tmp_path),
        '--out',
        str(tmp_path / 'out.json'),
        '--size',
        '640',
        '360',
        '--missing-images',
        'keep',
    )
    assert len(load_multiview(str(tmp_path / 'out.json'))['annotations']) == 16
