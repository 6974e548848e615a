"""Videos as a player shows them: time stamps and rotation of files written byte by byte."""

import cv2
import numpy as np
import pytest

from mmpose_al.datasets import videos
from mmpose_al.datasets.format import FormatError
from tests.mp4 import set_times, write_mp4

# Bright in the upper left quarter.
FRAME = np.zeros((48, 64, 3), np.uint8)
FRAME[:24, :32] = 250


@pytest.mark.parametrize('rotation', [0, 90, 180, 270])
def test_frames_are_turned_clockwise(tmp_path, rotation):
    write_mp4(tmp_path / 'a.mp4', 3 * [FRAME], rotation=rotation)
    capture = videos.open_video(str(tmp_path / 'a.mp4'))
    assert videos.rotation(capture) == rotation
    good, frame = capture.read()
    capture.release()
    expected = np.rot90(FRAME, -rotation // 90)
    assert good and frame.shape == expected.shape
    assert np.abs(frame.astype(int) - expected).mean() < 5


def test_a_rotation_that_cannot_be_done_is_an_error(tmp_path, monkeypatch):
    write_mp4(tmp_path / 'a.mp4', 3 * [FRAME])
    monkeypatch.setattr(videos, 'rotation', lambda capture: 45)
    with pytest.raises(FormatError, match='a.mp4: its rotation metadata say 45 degrees'):
        videos.open_video(str(tmp_path / 'a.mp4'))


def test_time_stamps(tmp_path):
    path = tmp_path / 'a.mp4'
    write_mp4(path, 6 * [FRAME], fps=25)
    assert np.allclose(videos.time_stamps(str(path)), np.arange(6) / 25, atol=1e-4)
    times = [0, 0.02, 0.1, 0.14, 0.15, 0.3]
    set_times(path, times)
    assert np.allclose(videos.time_stamps(str(path)), times, atol=1e-4)


def test_no_video_has_no_time_stamps(tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'no video')
    assert videos.time_stamps(str(tmp_path / 'a.mp4')) == []
    assert not videos.open_video(str(tmp_path / 'a.mp4')).isOpened()
    assert cv2.CAP_PROP_ORIENTATION_AUTO  # of OpenCV from 4.5
