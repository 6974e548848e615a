"""Overlay videos: as many frames as there are, with the keypoints where they belong."""

import cv2
import numpy as np
import pytest

from mmpose_al.prediction.inputs import find_recordings, read_frames
from mmpose_al.prediction.overlays import draw_person, fitted, write_overlay
from mmpose_al.prediction.predictions import Skeleton, collected
from tests.test_prediction.models import write_images, write_video


def predicted(recording, places):
    frames = [
        dict(
            frame=n,
            name=str(n),
            size=[64, 48],
            persons=[dict(person=0, bbox=[0, 0, 64, 48], score=1, keypoints=[xy], scores=[0.5])],
        )
        for n, xy in enumerate(places)
    ]
    is_video = recording.files is None
    skeleton = Skeleton(['nose'], [])
    return collected('v', '', is_video, recording.fps, skeleton, 'net', frames)


def test_keypoints_are_where_they_belong(tmp_path):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4', 6))])
    places = [[50.0, 10.0 + 5 * n] for n in range(6)]
    path = str(tmp_path / 'o.mp4')
    write_overlay(path, video, predicted(video, places))
    [made] = find_recordings([path])
    frames = list(read_frames(made))
    assert len(frames) == 6 and made.fps == 25
    for frame, (x, y) in zip(frames, places):
        colour = frame.image.astype(int)
        blue = colour[..., 0] - colour[..., 2]
        row, column = np.unravel_index(blue.argmax(), blue.shape)
        assert abs(column - x) <= 3 and abs(row - y) <= 3
    said = []
    write_overlay(path, video, predicted(video, places), 0.9, said.append)
    assert 'no keypoint has a confidence of 0.9' in said[0]


def test_images_of_several_sizes_become_one_video(tmp_path):
    folder = write_images(tmp_path / 'i', 2)
    cv2.imwrite(str(folder / '2.png'), np.full((100, 30, 3), 200, np.uint8))
    [images] = find_recordings([str(folder)])
    write_overlay(str(tmp_path / 'o.mp4'), images, predicted(images, [[5, 5]] * 3))
    [made] = find_recordings([str(tmp_path / 'o.mp4')])
    assert [f.image.shape for f in read_frames(made)] == [(48, 64, 3)] * 3 and made.fps == 5


def test_an_image_is_fitted_without_being_stretched():
    image = np.full((100, 30, 3), 200, np.uint8)
    small = fitted(image, (64, 48))
    assert small.shape == (48, 64, 3)
    assert (small[:, :14] == 200).all() and (small[:, 14:] == 0).all()


def test_somebody_who_is_not_there_is_not_drawn():
    image = np.zeros((20, 20, 3), np.uint8)
    nobody = np.full((2, 3), np.nan)
    assert not draw_person(image, nobody, [(0, 1)], -1.0).any()


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    [video] = find_recordings([str(write_video(tmp_path / 'v.mp4', 2))])
    monkeypatch.setattr('mmpose_al.prediction.overlays.CODEC', 'xxxx')
    with pytest.raises(OSError, match='writes no xxxx videos'):
        write_overlay(str(tmp_path / 'o' / 'o.mp4'), video, predicted(video, [[5, 5]] * 2))
    assert list((tmp_path / 'o').iterdir()) == []
