"""``mmpose-al convert panoptic``."""

import pytest

from mmpose_al.cli.main import main
from mmpose_al.datasets.format import load_multiview
from tests.commands import command
from tests.test_converters.files import crumb, real


@real
def test_each_split_is_a_file_of_its_own(tmp_path):
    root = crumb('panoptic_body3d')
    splits = ['--train', '160906_band1', '--test', '160906_band2']
    splits += ['--test-cameras', '00_01', '00_02']
    command('convert panoptic', root, '--out', tmp_path, *splits, '--missing-images', 'keep')
    assert len(load_multiview(str(tmp_path / 'train.json'))['cameras']) == 8
    assert len(load_multiview(str(tmp_path / 'test.json'))['cameras']) == 2
    assert not (tmp_path / 'val.json').exists()
    with pytest.raises(SystemExit, match='8 of 8 images are missing'):
        command('convert panoptic', root, '--out', tmp_path, '--train', '160906_band1')


def test_a_protocol_names_its_sequences(tmp_path, capsys):
    """It asks for the first of its sequences, and stands alone."""
    protocol = ['convert panoptic', tmp_path, '--out', tmp_path, '--protocol', 'feng23-code']
    with pytest.raises(SystemExit, match='171026_pose1.*no such folder'):
        command(*protocol)
    with pytest.raises(SystemExit, match='2'):
        command(*protocol, '--val', 'a')
    assert '--protocol names the sequences' in capsys.readouterr().err


@pytest.mark.parametrize('value', ['0', '-1', 'nan', 'inf'])
def test_a_frame_rate_that_cannot_be_is_refused(value, capsys):
    with pytest.raises(SystemExit):
        main(['convert', 'panoptic', f'--fps={value}'])
    assert 'argument --fps: ' in capsys.readouterr().err
