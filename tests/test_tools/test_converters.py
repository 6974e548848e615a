"""Command lines of the converters."""

import importlib
import os.path as osp
import sys

import pytest

from mmpose_al.converters import common
from mmpose_al.datasets.format import FormatError, load_multiview
from tests.test_converters.files import INTERHAND, ROOT, crumb, mannequin_files, real

sys.path.insert(0, osp.join(ROOT, 'tools', 'dataset_converters'))


@real
def test_command_lines_write_files_and_turn_errors_into_one_line(tmp_path, capsys):
    import h36m2multiview
    import interhand2multiview
    import mpi_inf_3dhp2multiview
    import panoptic2multiview

    root = crumb('panoptic_body3d')
    panoptic2multiview.main(
        [
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
        ]
    )
    assert len(load_multiview(str(tmp_path / 'train.json'))['cameras']) == 8
    assert len(load_multiview(str(tmp_path / 'test.json'))['cameras']) == 2
    assert not (tmp_path / 'val.json').exists()
    with pytest.raises(FormatError, match='8 of 8 images are missing'):
        panoptic2multiview.main([root, '--out', str(tmp_path), '--train', '160906_band1'])
    out = str(tmp_path / 'out.json')
    h36m2multiview.main(
        [
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
        ]
    )
    assert len(load_multiview(out)['images']) == 1
    interhand2multiview.main(
        [
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
        ]
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
        common.run_tool(lambda: mpi_inf_3dhp2multiview.main(arguments), 'tool')
    assert stop.value.code.startswith('tool: ') and '"h": is 204' in stop.value.code
    mpi_inf_3dhp2multiview.main(arguments + ['--fix-known-typos'])
    assert len(load_multiview(out)['images']) == 2


@pytest.mark.parametrize(
    'tool, option, values',
    [
        ('h36m2multiview', '--step', ('0', '-1', '1.5')),
        ('mpi_inf_3dhp2multiview', '--step', ('0', '-1', '1.5')),
        ('interhand2multiview', '--step', ('0', '-1', '1.5')),
        ('panoptic2multiview', '--fps', ('0', '-1', 'nan', 'inf')),
    ],
)
def test_command_lines_refuse_numbers_that_cannot_be(tool, option, values, capsys):
    parse = importlib.import_module(tool).parse_args
    for value in values:
        with pytest.raises(SystemExit):
            parse([f'{option}={value}'])
        assert f'argument {option}: ' in capsys.readouterr().err


def test_command_line_of_mannequin(tmp_path):
    import mannequin2multiview

    folders, _, _ = mannequin_files(tmp_path)
    mannequin2multiview.main(
        [
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
        ]
    )
    assert len(load_multiview(str(tmp_path / 'out.json'))['annotations']) == 16
