"""Videos of a rig are told apart by their names: camera and recording."""

import pytest

from mmpose_al.converters.view_names import (
    camera_and_recording,
    find_recording,
    find_recordings,
    told_by_names,
)
from mmpose_al.datasets.format import FormatError
from tests.test_projects.files import calibration


@pytest.mark.parametrize(
    'name, cameras, told',
    [
        ('vid1-camA', 'ABC', ('A', 'vid1')),  # Anipose
        ('2019-08-02-vid01-camB', 'AB', ('B', '2019-08-02-vid01')),
        ('session1_left', ['left', 'right'], ('left', 'session1')),  # Lightning Pose
        ('left.day1', ['left', 'right'], ('left', 'day1')),
        ('day1_cam2', ['cam1', 'cam2'], ('cam2', 'day1')),
        ('Camera 3 GX01', '123', ('3', 'GX01')),
        ('cam2', ['cam1', 'cam2'], ('cam2', '')),
        ('trial_1_cam2', '12', ('2', 'trial_1')),  # the one behind "cam"
        ('trial_1_cam3', '12', None),  # a camera that is not calibrated
        ('day1_cam3', ['cam1', 'cam2'], None),
        ('vid 1 - Cam A', 'abc', ('a', 'vid 1')),  # capitals alone differ
        ('day1_Left', ['left', 'right'], ('left', 'day1')),
        ('day1_A', 'Aa', ('A', 'day1')),
        ('day1_B', 'Aabc', None),  # capitals count among these
        ('trial_1_2', '12', None),  # either
        ('walk-camAB', 'AB', None),
        ('walkleft', ['left'], None),
    ],
)
def test_camera_and_recording(name, cameras, told):
    assert camera_and_recording(name, list(cameras)) == told


def folder(path, names, cameras='AB'):
    """A folder of (empty) videos, and the calibration of cameras."""
    path.mkdir()
    for name in names:
        (path / f'{name}.mp4').touch()
    return str(path), [str(calibration(path.parent / f'{path.name}.toml', cameras))]


def test_the_recordings_of_a_folder(tmp_path):
    names = ['vid1-camA', 'vid1-camB', 'vid2-camA', 'vid2-camB']
    path, files = folder(tmp_path / 'x', names)
    found = find_recordings([path], files, 'm')
    assert found == {
        f'vid{n}': {camera: f'{path}/vid{n}-cam{camera}.mp4' for camera in 'AB'} for n in (1, 2)
    }
    assert told_by_names(found['vid1']) == ['views: A=vid1-camA.mp4, B=vid1-camB.mp4']
    with pytest.raises(FormatError, match=f'vid1, vid2. Name the views of one: A={path}/vid1'):
        find_recording([path], files, 'm')
    path, files = folder(tmp_path / 'y', names[:3])
    with pytest.raises(FormatError, match="is the only view of 'vid2'.*Give its other views"):
        find_recordings([path], files, 'm')
    path, files = folder(tmp_path / 'z', ['camA_10-00-01', 'camB_10-00-03'])  # each its own time
    words = f"A='{path}/camA_10-00-01.mp4' B='{path}/camB_10-00-03.mp4'"
    with pytest.raises(FormatError, match=f'views of one recording, name them: {words}'):
        find_recordings([path], files, 'm')


def test_names_that_are_those_of_the_cameras_or_tell_nothing_stay(tmp_path):
    path, files = folder(tmp_path / 'x', ['A', 'B'])
    plain = find_recording([path], files, 'm')
    assert plain == {name: f'{path}/{name}.mp4' for name in 'AB'} and told_by_names(plain) == []
    path, files = folder(tmp_path / 'y', ['vid1-camA', 'vid1-camB', 'board'])
    assert list(find_recording([path], files, 'm')) == ['board', 'vid1-camA', 'vid1-camB']
    named = [f'{name}={path}/vid1-cam{name}.mp4' for name in 'AB']
    assert list(find_recording(named, files, 'm')) == ['A', 'B']
