"""Frames of videos: which, and what is said of them."""

import cv2
import numpy as np
import pytest

from mmpose_al.converters.sources import open_source
from mmpose_al.datasets.format import FormatError
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.sources.videos import choose_frames, different_frames, evenly
from tests.test_projects.files import video


def test_evenly_spread_numbers():
    assert evenly(10, 5) == [1, 3, 5, 7, 9] and evenly(3, 3) == [0, 1, 2]


def test_frames_by_number_step_or_all(tmp_path):
    source = open_source('v', str(video(tmp_path / 'v.avi')))
    assert choose_frames(source, Options(frames=100)) == list(range(12))
    assert choose_frames(source, Options(frames=4)) == [1, 4, 7, 10]
    assert choose_frames(source, Options(step=5)) == [0, 5, 10]


def test_frames_that_look_different(tmp_path):
    """Eleven dark frames, one bright and one grey: three frames are one of each."""
    path = str(tmp_path / 'v.avi')
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 48))
    for number in range(13):
        value = {4: 250, 9: 120}.get(number, number % 3)
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    chosen = different_frames(open_source('v', path), 3)
    assert {4, 9} < set(chosen) and len(chosen) == 3
    assert choose_frames(open_source('v', path), Options(frames=3, spread=True)) == chosen


def test_each_video_is_a_recording_with_times(tmp_path):
    for name in 'ab':
        video(tmp_path / f'{name}.avi')
    table = read_sources([str(tmp_path)], Options(frames=3))
    assert [shot.file_name for shot in table.shots[:2]] == ['a/000002.jpg', 'a/000006.jpg']
    assert [shot.sequence for shot in table.shots] == ['a'] * 3 + ['b'] * 3
    assert table.shots[1].index == 6 and table.shots[1].time == pytest.approx(0.6)
    assert [clip.folder for clip in table.clips] == ['a', 'b']


def test_videos_of_one_name_are_refused(tmp_path):
    paths = [str(video(tmp_path / name / 'v.avi')) for name in 'ab']
    with pytest.raises(FormatError, match="same name, 'v'"):
        read_sources(paths, Options())


def test_a_video_that_does_not_decode_is_named(tmp_path):
    path = tmp_path / 'v.mp4'
    path.write_bytes(b'no video' * 100)
    with pytest.raises(FormatError, match='v.mp4.*cannot read a frame'):
        read_sources([str(path)], Options())
