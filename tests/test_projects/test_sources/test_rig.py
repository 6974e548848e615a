"""Rigs: views, calibrations that are found or given, and moments."""

import os

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.pool_file import pool_content
from mmpose_al.projects.skeleton import make_skeleton
from mmpose_al.projects.sources import Options, read_sources
from tests.test_projects.files import calibration, picture, real, rig, video

METRES = Options(unit='m', frames=4)


def test_a_folder_with_videos_and_a_calibration(tmp_path):
    table = read_sources([rig(tmp_path / 'walk')], METRES)
    assert table.kind == 'rig' and table.views == ['a', 'b']
    assert [clip.folder for clip in table.clips] == ['walk/a', 'walk/b']
    assert table.clips[0].numbers == table.clips[1].numbers == [1, 4, 7, 10]
    second = table.shots[1]
    assert second.file_name == 'walk/a/000004.jpg' and second.camera == table.cameras[0]
    assert (second.sequence, second.index, second.time) == ('walk', 4, pytest.approx(0.4))
    np.testing.assert_allclose(table.cameras[0].t, [0, 0, 2000])


def test_folders_of_images_are_linked(tmp_path):
    for name in 'ab':
        for number in range(3):
            picture(tmp_path / 'views' / name / f'{number}.png')
    calibration(tmp_path / 'c.toml', 'ab')
    options = METRES._replace(calibration=[str(tmp_path / 'c.toml')])
    table = read_sources([str(tmp_path / 'views')], options)
    assert table.folders['views/a'] == str(tmp_path / 'views' / 'a') and not table.clips
    assert table.shots[0].file_name == 'views/a/0.png' and len(table.shots) == 6


def test_the_calibration_above_a_folder_of_videos(tmp_path):
    folder = rig(tmp_path / 'session')
    os.rename(folder + '/calibration/calib.toml', folder + '/calib.toml')
    table = read_sources([folder + '/videos'], METRES)
    assert table.views == ['a', 'b'] and {shot.sequence for shot in table.shots} == {'session'}


def test_a_camera_that_a_recording_lacks_is_told(tmp_path):
    """Where the first one has it, too, and is calibrated alike."""
    whole, less = rig(tmp_path / 'x', 'abc', 'abc'), rig(tmp_path / 'y', 'ab', 'abc')
    said = read_sources([whole, less], METRES).said
    assert [line for line in said if 'without a view' in line] == [
        'y, cameras of the calibration without a view: c'
    ]


def test_named_views_and_several_recordings(tmp_path):
    folder = rig(tmp_path / 'x')
    options = METRES._replace(calibration=[folder + '/calibration/calib.toml'])
    named = [f'{name}={folder}/videos/{name}.avi' for name in 'ba']
    assert len(read_sources(named, options).shots) == 8
    two = read_sources([folder, rig(tmp_path / 'y')], options)
    assert {shot.sequence for shot in two.shots} == {'x', 'y'} and len(two.cameras) == 2


def test_each_recording_has_the_calibration_beside_it(tmp_path):
    folders = [rig(tmp_path / 'x'), rig(tmp_path / 'y', distance=3.0)]
    table = read_sources(folders, METRES)
    seen = {(s.sequence, s.camera.name): s.camera.t[2] for s in table.shots}
    assert seen == {('x', 'a'): 2000, ('x', 'b'): 2000, ('y', 'a'): 3000, ('y', 'b'): 3000}
    assert len(table.cameras) == 4 and table.views == ['a', 'b']
    first, second = [line for line in table.said if 'm apart' in line]
    assert first.startswith('cameras: ') and second.startswith('y, cameras: ')
    content = pool_content(table, table.shots, make_skeleton(['nose']), 'pool')
    cameras = {camera['id']: camera for camera in content['cameras']}
    for image, shot in zip(content['images'], table.shots):
        assert cameras[image['camera_id']]['t'] == list(shot.camera.t)
        assert cameras[image['camera_id']]['name'] == shot.camera.name


def test_a_session_of_anipose(tmp_path):
    """Several recordings in ``videos-raw``, named after recording and camera."""
    for session in ('mouse1', 'mouse2'):
        for name in ('vid1-camA', 'vid1-camB', 'vid2-camA', 'vid2-camB'):
            video(tmp_path / session / 'videos-raw' / f'{name}.avi')
        calibration(tmp_path / session / 'calibration' / 'calibration.toml', 'AB')
    table = read_sources([str(tmp_path / session) for session in ('mouse1', 'mouse2')], METRES)
    names = ['mouse1_vid1', 'mouse1_vid2', 'mouse2_vid1', 'mouse2_vid2']
    assert sorted({shot.sequence for shot in table.shots}) == names and len(table.cameras) == 2
    assert 'mouse1_vid1/A/000001.jpg' in {shot.file_name for shot in table.shots}
    assert 'recording mouse2_vid2: views: A=vid2-camA.avi, B=vid2-camB.avi' in table.said
    assert {view.file_stem for view in table.rig_views if view.camera.name == 'A'} == {
        'vid1-camA',
        'vid2-camA',
    }


def test_a_calibration_for_all_is_told_where_a_recording_has_another(tmp_path):
    folders = [rig(tmp_path / 'x'), rig(tmp_path / 'y', distance=3.0)]
    given = folders[0] + '/calibration/calib.toml'
    table = read_sources(folders, METRES._replace(calibration=[given]))
    assert len(table.cameras) == 2
    told = [line for line in table.said if 'not used' in line]
    assert told == [
        f'{folders[1]}/calibration/calib.toml: not used, because of --calibration {given}'
    ]


def test_recordings_of_worlds_with_other_axes_are_told(tmp_path):
    folders = [rig(tmp_path / 'x'), rig(tmp_path / 'y', turned=40.0)]
    folders.append(rig(tmp_path / 'z', turned=10.0, distance=3.0))
    told = [line for line in read_sources(folders, METRES).said if 'axes' in line]
    assert len(told) == 1
    assert told[0].startswith(
        "warning: the axes of 'y' are turned by 40 degrees against those of 'x'"
    )


def test_views_of_another_size_have_their_own_intrinsics(tmp_path):
    x, y = rig(tmp_path / 'x'), tmp_path / 'y'
    for name in 'ab':
        video(y / 'videos' / f'{name}.avi', size=(32, 24))
    given = [x + '/calibration/calib.toml']
    options = METRES._replace(calibration=given, size_change='scaled')
    table = read_sources([x, str(y)], options)
    # pixels of half the size: fx is halved
    assert {s.camera.K[0][0] for s in table.shots if s.sequence == 'y'} == {30.0}
    assert {s.camera.K[0][0] for s in table.shots if s.sequence == 'x'} == {60.0}


@pytest.mark.parametrize(
    'change, problem',
    [
        (dict(calibrated='ac'), "camera 'b'.*is missing"),
        (dict(size=(80, 48)), 'is 80x48.*scaled'),
        (dict(size=(72, 48)), '--calibration-size top-left'),
    ],
)
def test_a_calibration_that_does_not_fit_has_a_remedy(tmp_path, change, problem):
    with pytest.raises(FormatError, match=problem):
        read_sources([rig(tmp_path, **change)], METRES)


def test_a_calibration_of_padded_images_fits_with_the_option(tmp_path):
    table = read_sources([rig(tmp_path, size=(72, 48))], METRES._replace(size_change='top-left'))
    assert table.cameras[0].size == (64, 48) and table.cameras[0].K[0][2] == 36


def test_views_without_a_calibration_and_two_calibrations(tmp_path):
    with pytest.raises(FormatError, match='--calibration FILE'):
        read_sources(['a=x.mp4', 'b=y.mp4'], METRES)
    folder = rig(tmp_path)
    calibration(tmp_path / 'calibration' / 'other.toml', 'ab')
    with pytest.raises(FormatError, match='several calibrations'):
        read_sources([folder], METRES)


def test_the_real_rig_says_1088_where_its_videos_have_1080():
    path = real('rig_pose2sim')
    with pytest.raises(FormatError, match='1088x1920.*1080x1920.*--calibration-size top-left'):
        read_sources([path], Options())
    table = read_sources([path], Options(size_change='top-left', frames=5))
    assert len(table.cameras) == 4 and len(table.shots) == 20
    # cam01: centerPointU 34110.316406 / 64
    assert table.cameras[0].K[0][2] == pytest.approx(532.9737, abs=1e-3)
