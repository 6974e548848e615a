"""Labels of single videos become labels of the views of a rig."""

import os

import numpy as np
import pytest

from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.fileio import read_json, write_json
from mmpose_al.projects.boxes import fill_boxes
from mmpose_al.projects.pool_file import pool_content
from mmpose_al.projects.rig_labels import join_with_rig, names_of
from mmpose_al.projects.skeleton import make_skeleton
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.sources.videos import clip_of, shots_of
from mmpose_al.projects.table import Person, Table
from mmpose_al.projects.writing import Plan, write_project
from tests.test_projects.files import JOINTS, ROWS, calibration, deeplabcut, picture, rig, video

OPTIONS = Options(unit='m', frames=4)  # frames 1, 4, 7 and 10 of 12
THIRD = {'img003.png': ROWS['img003.png']}


def labelled(folder, **rows):
    """A DeepLabCut project of several recordings."""
    for recording, each in rows.items():
        deeplabcut(folder, each, recording=recording)
    return str(folder)


def views(table, labels):
    return sorted(
        (shot.index, shot.camera.name) for shot in table.shots if shot.is_labeled == labels
    )


def test_labels_of_both_cameras_and_the_frames_of_the_rig(tmp_path):
    project = labelled(tmp_path / 'dlc', day1_a=ROWS, day1_b=THIRD)
    for sources in ([project, rig(tmp_path / 'day1')], [rig(tmp_path / 'day1'), project]):
        table = read_sources(sources, OPTIONS)
        assert views(table, True) == [(3, 'a'), (3, 'b'), (7, 'a')]
        # The view of frame 7 that nobody labelled is there: a label is worth most beside others.
        both = [(number, camera) for number in (1, 4, 10) for camera in 'ab']
        assert views(table, False) == sorted([*both, (7, 'b')])
        assert {shot.sequence for shot in table.shots} == {'day1'} and table.joints == JOINTS
        assert {clip.folder: clip.numbers for clip in table.clips}['day1/b'] == [1, 4, 7, 10]
        assert 'labels of day1_a are those of camera a, recording day1' in table.said
        fill_boxes(table)
        content = pool_content(table, table.shots, make_skeleton(JOINTS), 'pool')
        names = {camera['id']: camera['name'] for camera in content['cameras']}
        frames = {frame['id']: frame['index'] for frame in content['frames']}
        found = {
            (frames[image['frame_id']], names[image['camera_id']]): image['file_name']
            for image in content['images']
        }
        assert len(found) == 10 and found[3, 'b'] == 'labeled-data/day1_b/img003.png'
        third = next(shot for shot in table.shots if shot.file_name == found[3, 'b'])
        np.testing.assert_array_equal(third.people[0].keypoints[0], [10.5, 20.25, 2])
        assert third.time == pytest.approx(0.3)


def test_a_moment_that_validates_is_not_in_the_pool(tmp_path):
    project = labelled(tmp_path / 'dlc', day1_a=ROWS, day1_b=THIRD)
    table = read_sources([project, rig(tmp_path / 'day1')], OPTIONS)
    plan = Plan(make_skeleton(JOINTS), validation=0.3)
    write_project(str(tmp_path / 'p'), table, plan, report=lambda line: None)
    pool, held = (load_multiview(str(tmp_path / 'p' / name)) for name in ('pool.json', 'val.json'))
    assert [image['file_name'] for image in held['images']] == ['labeled-data/day1_a/img007.png']
    assert sorted({frame['index'] for frame in pool['frames']}) == [1, 3, 4, 10]
    assert len(pool['images']) == 8  # both views of each


def test_labels_given_here_and_in_the_sources_later_are_told(tmp_path):
    """A view that people labelled in the project gets labels of the sources, which count."""
    table = read_sources([rig(tmp_path / 'day1')], OPTIONS)
    plan, folder = Plan(make_skeleton(JOINTS), validation=0.0), str(tmp_path / 'p')
    write_project(folder, table, plan, report=lambda line: None)
    given = read_json(folder + '/pool.json')
    name = 'day1/a/000007.jpg'
    image = next(each['id'] for each in given['images'] if each['file_name'] == name)
    for entry in given['annotations']:
        if entry['image_id'] == image:
            entry.update(keypoints=[9, 9, 2] * 3, num_keypoints=3)
    write_json(os.path.join(folder, 'labels', '1', 'labels.json'), given)
    project = labelled(tmp_path / 'dlc', day1_a=ROWS)
    both = read_sources([project, str(tmp_path / 'day1')], OPTIONS)
    facts, said = write_project(folder, both, plan, report=lambda line: None), both.said
    assert f'images labelled here and now in the sources too: 1, such as {name}' in str(said)
    assert facts.labeled == 2


def test_the_name_of_the_video_ties_a_view(tmp_path):
    project = labelled(tmp_path / 'dlc', **{'vid1-camA': THIRD})
    paths = [str(video(tmp_path / 'raw' / f'vid1-cam{name}.avi')) for name in 'AB']
    given = str(calibration(tmp_path / 'calib.toml', 'AB'))
    named = [f'{name}={path}' for name, path in zip('AB', paths)]
    table = read_sources([project, *named], OPTIONS._replace(calibration=[given]))
    assert views(table, True) == [(3, 'A')] and (3, 'B') in views(table, False)
    assert names_of(table.rig_views[0]) >= {'vid1-camA', 'rig_A', 'rig-A'}


def test_images_that_are_no_frames_of_the_video_are_told(tmp_path):
    """Frame 3 of the video is grey 60, and the labelled images of frame 3 are 60 and 90."""
    project = labelled(tmp_path / 'dlc', day1_a=THIRD, day1_b=THIRD)
    picture(tmp_path / 'dlc' / 'labeled-data' / 'day1_a' / 'img003.png', value=60)
    table = read_sources([project, rig(tmp_path / 'day1')], OPTIONS)
    told = [line for line in table.said if 'does not look like' in line]
    assert len(told) == 1
    assert 'day1_b/img003.png does not look like frame 3 of ' in told[0] and 'b.avi' in told[0]


def test_labelled_frames_of_a_video_still_become_images(tmp_path):
    """As SLEAP's: its labels have no images of their own."""
    table = read_sources([rig(tmp_path / 'day1')], OPTIONS)
    clip = clip_of(table.rig_views[0].source.path, OPTIONS, folder='day1_a')
    points = np.array([[10.0, 20, 2]])
    shots = [s._replace(people=[Person(points)] * (s.index == 7)) for s in shots_of(clip, 'day1_a')]
    sleap = Table('sleap', ['x'], shots=shots, clips=[clip])
    whole = join_with_rig([sleap, table])
    assert {c.folder: c.numbers for c in whole.clips}['day1_a'] == [7]
    assert [s.file_name for s in whole.shots if s.is_labeled] == ['day1_a/000007.jpg']
    assert [s.file_name for s in whole.shots if s.index == 7][1:] == ['day1/b/000007.jpg']


def test_recordings_that_are_no_view_are_left_out_and_told(tmp_path):
    project = labelled(tmp_path / 'dlc', day1_a=THIRD, elsewhere=ROWS)
    table = read_sources([project, rig(tmp_path / 'day1')], OPTIONS)
    assert views(table, True) == [(3, 'a')]
    assert 'warning: 2 labelled images are of no view of the rig' in '\n'.join(table.said)
    with pytest.raises(FormatError, match=r'labelled recordings \(elsewhere\).*\(a, b\)'):
        read_sources(
            [labelled(tmp_path / 'other', elsewhere=ROWS), rig(tmp_path / 'day2')], OPTIONS
        )


def test_labels_that_are_not_of_these_videos_are_refused(tmp_path):
    day1 = rig(tmp_path / 'day1')
    late = labelled(tmp_path / 'late', day1_a={'img012.png': ROWS['img003.png']})
    with pytest.raises(FormatError, match='is frame 12 of day1_a, and .*a.avi has 12'):
        read_sources([late, day1], OPTIONS)
    small = rig(tmp_path / 'day3', size=(32, 24))
    for name in 'ab':
        video(tmp_path / 'day3' / 'videos' / f'{name}.avi', size=(32, 24))
    with pytest.raises(FormatError, match='is 64x48, and the camera a of day3 takes 32x24'):
        read_sources([labelled(tmp_path / 'cropped', day3_a=THIRD), small], OPTIONS)
    with pytest.raises(FormatError, match="'a' may be camera a of day1, day2"):
        read_sources([labelled(tmp_path / 'dlc', a=THIRD), day1, rig(tmp_path / 'day2')], OPTIONS)
