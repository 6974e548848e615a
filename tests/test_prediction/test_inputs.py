"""Which recordings words of a command line name, and their frames."""

import io

import cv2
import numpy as np
import pytest

from mmpose_al.converters.sources import open_source
from mmpose_al.datasets.format import FormatError
from mmpose_al.prediction.inputs import find_recordings, of_source, read_frames
from tests.test_prediction.models import write_images, write_video


def test_every_kind_of_input_at_once(tmp_path, monkeypatch):
    write_images(tmp_path / 'mice', 12)
    write_video(tmp_path / 'mice' / 'walk.mp4', 7)
    write_images(tmp_path / 'mice' / 'close', 2)
    (tmp_path / 'mice' / '.hidden').mkdir()
    write_video(tmp_path / 'run.mp4', 3, fps=50)
    write_images(tmp_path / 'single', 2)
    monkeypatch.setattr('sys.stdin', io.StringIO(f'{tmp_path}/single/1.png\n\n'))
    inputs = [f'{tmp_path}/mice', f'{tmp_path}/single/0.png', f'{tmp_path}/run.mp4', '-']
    found = {each.name: each for each in find_recordings(inputs)}
    assert sorted(found) == ['close', 'images', 'mice', 'run', 'walk']
    assert found['mice'].names == [f'{n}.png' for n in range(12)]  # 10 comes behind 9
    assert found['walk'].files is None and found['walk'].count == 7
    assert found['run'].fps == 50 and found['run'].frame_name(2) == 'run/000002.jpg'
    assert found['images'].names == ['0.png', '1.png']


def test_recordings_of_one_name_get_others(tmp_path):
    for folder in ('a', 'b'):
        write_images(tmp_path / folder / 'cam', 1)
    paths = [f'{tmp_path}/a/cam', f'{tmp_path}/b/cam']
    assert [each.name for each in find_recordings(paths)] == ['a_cam', 'b_cam']
    with pytest.raises(FormatError, match='a/cam: is named twice'):
        find_recordings([paths[0], paths[0]])


def test_what_is_no_input_is_said(tmp_path):
    with pytest.raises(FormatError, match='no such image, video or folder'):
        find_recordings([str(tmp_path / 'nothing')])
    with pytest.raises(FormatError, match='holds neither images nor videos'):
        find_recordings([str(tmp_path)])
    (tmp_path / 'notes.txt').write_text('hello')
    with pytest.raises(FormatError, match='notes.txt: .*cannot read a frame'):
        find_recordings([str(tmp_path / 'notes.txt')])


def test_frames_from_the_middle_are_those_of_the_whole(tmp_path):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4'))])
    whole = list(read_frames(video))
    assert [frame.number for frame in whole] == list(range(20))
    brightest = [frame.image[24, :, 0].astype(int) > 125 for frame in whole]
    assert [int(np.flatnonzero(row).mean()) for row in brightest[:5]] == [1, 3, 5, 7, 9]
    part = list(read_frames(video, 13))
    assert [frame.number for frame in part] == list(range(13, 20))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(part, whole[13:]))


def test_an_image_that_cannot_be_read_says_why(tmp_path):
    folder = write_images(tmp_path / 'a', 3)
    (folder / '1.png').write_bytes((folder / '1.png').read_bytes()[:50])
    [recording] = find_recordings([str(folder)])
    first, second, third = read_frames(recording)
    assert second.image is None and 'truncated' in second.error
    assert np.array_equal(third.image, cv2.imread(str(folder / '2.png'))) and not first.error


def test_a_view_of_a_rig_is_a_recording(tmp_path):
    folder = write_images(tmp_path / 'left', 3)
    recording = of_source(open_source('L', str(folder)))
    assert recording.name == 'L' and recording.names == ['L/0.png', 'L/1.png', 'L/2.png']
    assert len(list(read_frames(recording))) == 3


def test_what_predict_has_drawn_is_not_predicted(tmp_path):
    for name in ('walk.mp4', 'walk.overlay.mp4'):
        write_video(tmp_path / name, 2)
    assert [each.name for each in find_recordings([str(tmp_path)])] == ['walk']
    [named] = find_recordings([str(tmp_path / 'walk.overlay.mp4')])
    assert named.name == 'walk.overlay'
