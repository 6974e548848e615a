"""A video in place of one of which people labelled frames."""

import os
import shutil

import pytest

from mmpose_al.datasets.format import FormatError
from mmpose_al.fileio import read_json
from tests.test_projects.files import video
from tests.test_projects.test_labels import a_project, label, label_session, labels_of
from tests.test_projects.test_writing import write


def again(folder):
    source = str(folder / 'v.avi')
    write(folder / 'p', source, names=['a', 'b'], pairs=['none'], input_size=64)


def test_another_video_does_not_take_over_labels(tmp_path):
    folder = a_project(tmp_path)
    made = label_session(folder, num=2)
    label(made, made.query.units[0], (10.5, 20.25), (3, 4))
    made.hand_over('Anna', 'tab')
    before, images = labels_of(folder), folder / 'images' / 'v'
    shutil.copy(str(tmp_path / 'v.avi'), str(tmp_path / 'kept.avi'))
    frames = sorted(os.listdir(str(images)))
    video(tmp_path / 'v.avi', frames=11)
    shutil.rmtree(str(images))  # as the error about its images says
    noted = read_json(str(folder / 'project.json'))['clips']['v']
    with pytest.raises(FormatError, match='video than when people labelled 1 of its frames'):
        again(tmp_path)
    assert not images.exists() and labels_of(folder) == before
    shutil.copy(str(tmp_path / 'kept.avi'), str(tmp_path / 'v.avi'))  # the same bytes, a new time
    again(tmp_path)
    assert sorted(os.listdir(str(images))) == frames and labels_of(folder) == before
    assert read_json(str(folder / 'project.json'))['clips']['v']['video'] == noted['video']


def test_without_labels_a_video_may_be_another_one(tmp_path):
    folder = a_project(tmp_path)
    shutil.rmtree(str(folder / 'images' / 'v'))
    video(tmp_path / 'v.avi', frames=11)
    again(tmp_path)
    assert len(list((folder / 'images' / 'v').glob('*.jpg'))) == 11
