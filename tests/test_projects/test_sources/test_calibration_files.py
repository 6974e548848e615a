"""Which files beside a folder of views are its calibration."""

import os

import pytest

from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.sources.calibration_files import calibrations_beside, views_folder
from tests.test_projects.files import calibration, rig, video


@pytest.mark.parametrize('where', ['s/t', 's/t/calibration', 's/calibration', 's'])
def test_in_the_folder_beside_it_and_above(tmp_path, where):
    for name in 'ab':
        video(tmp_path / 's' / 't' / f'{name}.avi')
    path = calibration(tmp_path / where / 'c.toml', 'ab')
    folder = str(tmp_path / 's' / 't')
    assert [os.path.realpath(found) for found in calibrations_beside(folder)] == [str(path)]
    assert read_sources([folder], Options(unit='m')).views == ['a', 'b']


def test_one_above_has_to_name_the_views(tmp_path):
    """It may be that of other folders there."""
    folder = tmp_path / 's' / 't'
    for name in ('vid1-camA', 'vid1-camB'):
        video(folder / f'{name}.avi')
    path = calibration(tmp_path / 's' / 'c.toml', 'xy')
    assert calibrations_beside(str(folder)) == []
    calibration(path, 'AB')
    assert len(calibrations_beside(str(folder))) == 1
    path.write_text('matrix, but no calibration')
    assert calibrations_beside(str(folder)) == []


def test_several_recordings_of_a_session(tmp_path):
    for name in 'ab':
        for trial in ('one', 'two'):
            video(tmp_path / trial / f'{name}.avi')
    calibration(tmp_path / 'c.toml', 'ab')
    table = read_sources([str(tmp_path / name) for name in ('one', 'two')], Options(unit='m'))
    assert {(s.sequence, s.camera.name) for s in table.shots} == {
        (trial, name) for trial in ('one', 'two') for name in 'ab'
    }


def test_a_calibration_that_is_not_used_is_told(tmp_path):
    """Beside one view alone, and beside videos that are given one by one."""
    folder = rig(tmp_path / 'x')
    os.remove(folder + '/videos/b.avi')
    assert views_folder(folder) is None
    os.rename(folder + '/videos/a.avi', folder + '/a.avi')
    for sources in ([folder], [folder + '/a.avi']):
        (line,) = read_sources(sources, Options()).said
        assert line.startswith('warning: ') and 'calib.toml lies beside videos' in line
