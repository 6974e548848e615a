"""Labels of single videos become labels of the views of a rig."""

import os

import cv2
import numpy as np
import pytest

from mmpose_al.converters.sources import Source, open_source
from mmpose_al.datasets.format import FormatError, load_multiview
from mmpose_al.fileio import read_json, write_json
from mmpose_al.projects.boxes import fill_boxes
from mmpose_al.projects.exports import FORMATS
from mmpose_al.projects.pool_file import pool_content
from mmpose_al.projects.project import open_project
from mmpose_al.projects.rig_labels import first_unlike, join_with_rig, names_of
from mmpose_al.projects.skeleton import make_skeleton
from mmpose_al.projects.sources import Options, read_sources
from mmpose_al.projects.sources.videos import clip_of, shots_of
from mmpose_al.projects.table import Camera, Person, Shot, Table, View
from mmpose_al.projects.writing import Plan, write_project
from tests.test_projects.files import (
    JOINTS,
    ROWS,
    calibration,
    deeplabcut,
    picture,
    real,
    rig,
    video,
)

OPTIONS = Options(unit='m', frames=4)  # frames 1, 4, 7 and 10 of 12
THIRD = {'img003.png': ROWS['img003.png']}


def labelled(folder, **rows):
    """A DeepLabCut project of several recordings."""
    for recording, each in rows.items():
        deeplabcut(folder, each, recording=recording)
    return str(folder)


def frame(path, number):
    """An image like a frame of `video`."""
    assert cv2.imwrite(str(path), np.full((48, 64, 3), 20 * number, np.uint8))


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


def test_numbers_that_touch_are_not_taken_apart():
    """``trial12`` may be the twelfth trial, and no camera 2 of ``trial1``."""
    eye = np.eye(3)
    camera = Camera.of(dict(name='2', size=(4, 4), K=eye, dist=[], R=eye, t=[0, 0, 1]))
    view = View('trial1', camera, Source('2', 'v/2.mp4', None, 9, (4, 4), None), 'x', 9)
    assert names_of(view) == {'2', 'trial1_2', 'trial1-2', 'trial1.2', 'trial1 2'}
    assert 'walk2' in names_of(view._replace(recording='walk'))


def test_images_that_are_no_frames_of_the_video_are_told(tmp_path):
    """Frame 3 of the video is grey 60, and the labelled images of frame 3 are 60 and 90."""
    project = labelled(tmp_path / 'dlc', day1_a=THIRD, day1_b=THIRD)
    frame(tmp_path / 'dlc' / 'labeled-data' / 'day1_a' / 'img003.png', 3)
    table = read_sources([project, rig(tmp_path / 'day1')], OPTIONS)
    told = [line for line in table.said if 'does not look like' in line]
    assert len(told) == 1
    assert 'day1_b/img003.png does not look like frame 3 of ' in told[0] and 'b.avi' in told[0]


def test_frames_before_and_after_are_compared(tmp_path):
    """A video that was cut by two frames: all of its frames are alike, and one is the image."""
    frames = [np.full((48, 64, 3), 90, np.uint8) for _ in range(12)]
    for number, frame in enumerate(frames):
        frame[10:14, 4 * number : 4 * number + 4] = 105
    project = labelled(tmp_path / 'dlc', day1_a=THIRD)
    folder = rig(tmp_path / 'day1')
    os.remove(folder + '/videos/a.avi')
    for number, frame in enumerate(frames):
        path = tmp_path / 'day1' / 'videos' / 'a' / f'{number}.png'
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), frame)
    image = str(tmp_path / 'dlc' / 'labeled-data' / 'day1_a' / 'img003.png')
    for number, told in ((3, False), (5, True)):
        cv2.imwrite(image, frames[number])
        said = read_sources([project, folder], OPTIONS).said
        assert any('img003.png does not look like frame 3' in line for line in said) == told


@pytest.mark.parametrize('quality', [95, 50])
def test_frames_of_a_real_video_look_like_themselves_alone(tmp_path, quality):
    path = os.path.join(real('dlc_openfield'), 'videos', 'm3v1mp4.mp4')
    source, eye = open_source('a', path), np.eye(3)
    camera = Camera.of(dict(name='a', size=source.size, K=eye, dist=[], R=eye, t=[0, 0, 1]))
    view, capture = View('r', camera, source, 'r/a', source.count), cv2.VideoCapture(path)
    shots, person = [], Person(np.ones((1, 3)))
    for number in range(180):
        _, pixels = capture.read()
        if number % 60 == 20:
            name = f'{number}.jpg'
            cv2.imwrite(str(tmp_path / name), pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
            shots.append(Shot(f'x/{name}', source.size, 'r', number, people=[person]))
    folders = {'x': str(tmp_path)}
    assert first_unlike(shots, view, folders) is None
    for shift in (-3, -1, 1, 30):
        moved = [shot._replace(index=shot.index + shift) for shot in shots]
        assert first_unlike(moved, view, folders) is moved[0]


def folders_of_images(home, first, name='{:04d}.png', count=12):
    """A rig whose views are folders of images, numbered from any number."""
    for view in 'ab':
        for number in range(count):
            picture(home / view / name.format(first + number), value=30 + 10 * number)
    calibration(home / 'calibration' / 'calib.toml', 'ab')
    return str(home)


@pytest.mark.parametrize('label', ['img0013.png', '0013.png'])
def test_images_of_a_folder_are_told_by_their_numbers(tmp_path, label):
    folder = folders_of_images(tmp_path / 'day1', 10)
    project = labelled(tmp_path / 'dlc', day1_a={label: ROWS['img003.png']})
    picture(tmp_path / 'dlc' / 'labeled-data' / 'day1_a' / label, value=60)
    table = read_sources([project, folder], OPTIONS)
    assert views(table, True) == [(3, 'a')]
    names = {s.file_name for s in table.shots if s.index == 3}
    assert names == {f'labeled-data/day1_a/{label}', 'day1/b/0013.png'}
    assert not [line for line in table.said if 'look like' in line]


def test_names_that_do_not_tell_the_frame_are_refused(tmp_path):
    rows = {'img01.png': ROWS['img003.png'], 'img1.png': ROWS['img007.png']}
    project = labelled(tmp_path / 'dlc', day1_a=rows)
    with pytest.raises(FormatError, match='img01.png: its name does not tell which frame'):
        read_sources([project, rig(tmp_path / 'day1')], OPTIONS)
    beyond = labelled(tmp_path / 'beyond', day2_a=THIRD)
    with pytest.raises(FormatError, match='img003.png: its name does not tell which frame'):
        read_sources([beyond, folders_of_images(tmp_path / 'day2', 10)], OPTIONS)


def test_a_constant_number_at_the_end_of_names_is_no_frame(tmp_path):
    rows = {'f03_cam1.png': ROWS['img003.png'], 'f07_cam1.png': ROWS['img007.png']}
    project = labelled(tmp_path / 'dlc', day1_a=rows)
    table = read_sources([project, rig(tmp_path / 'day1')], OPTIONS)
    assert views(table, True) == [(3, 'a'), (7, 'a')]


def test_labels_beyond_the_shortest_view_are_left_out_and_told(tmp_path):
    folder = rig(tmp_path / 'day1')
    video(tmp_path / 'day1' / 'videos' / 'b.avi', frames=6)
    project = labelled(tmp_path / 'dlc', day1_a=ROWS)
    table = read_sources([project, folder], OPTIONS._replace(allow_unequal=True))
    assert views(table, True) == [(3, 'a')] and max(shot.index for shot in table.shots) < 6
    told = [line for line in table.said if 'left out' in line]
    assert told == [
        'warning: 1 labelled images of day1_a are left out: another view of day1 has 6 frames'
    ]


def exported(tmp_path, folder):
    """Labels of a rig's frames 3 and 7, camera a, in the multi-view format; their images."""
    project = labelled(tmp_path / 'dlc', day1_a=ROWS)
    for number in (3, 7):  # as frames of the video are
        frame(tmp_path / 'dlc' / 'labeled-data' / 'day1_a' / f'img00{number}.png', number)
    made = str(tmp_path / 'p')
    table = read_sources([project, folder], OPTIONS)
    write_project(made, table, Plan(make_skeleton(JOINTS), validation=0.0), report=lambda line: 0)
    (path,) = FORMATS['coco'](open_project(made), str(tmp_path / 'labels.json'))
    return path, OPTIONS._replace(images=os.path.join(made, 'images'))


def test_labels_of_a_recording_that_was_calibrated_anew(tmp_path):
    """The rig's calibration counts: a moment has one calibration, and a camera once."""
    folder = rig(tmp_path / 'day1')
    path, options = exported(tmp_path, folder)
    same = read_sources([path, folder], options)
    assert not [line for line in same.said if 'calibrated anew' in line]
    calibration(tmp_path / 'day1' / 'calibration' / 'calib.toml', 'ab', distance=2.5)
    table = read_sources([path, folder], options)
    assert {shot.camera.t[2] for shot in table.shots} == {2500.0} and len(table.cameras) == 2
    assert views(table, True) == views(same, True) == [(3, 'a'), (7, 'a')]
    assert views(table, False) == views(same, False)
    assert 'day1: calibrated anew since it was labelled; the new calibration counts' in table.said


def test_labels_beyond_a_recording_that_was_cut_are_refused(tmp_path):
    folder = rig(tmp_path / 'day1')
    path, options = exported(tmp_path, folder)
    for name in 'ab':
        video(tmp_path / 'day1' / 'videos' / f'{name}.avi', frames=6)
    with pytest.raises(FormatError, match='img007.png: is frame 7 of day1, and .*a.avi has 6 that'):
        read_sources([path, folder], options)


def test_another_recording_of_the_same_name_is_refused(tmp_path):
    path, options = exported(tmp_path, rig(tmp_path / 'day1'))
    other = rig(tmp_path / 'later' / 'day1')
    for name in 'ab':  # the same place, where something else is seen
        target = tmp_path / 'later' / 'day1' / 'videos' / f'{name}.avi'
        writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 48))
        for number in range(12):
            frame = np.full((48, 64, 3), 20 * number, np.uint8)
            frame[30:36, 40:50] = 255
            writer.write(frame)
        writer.release()
    with pytest.raises(FormatError, match="both are called 'day1', camera a. Give the folder"):
        read_sources([path, other], options)


def test_labels_of_a_view_that_the_rig_lacks_are_left_out_and_told(tmp_path):
    folder = rig(tmp_path / 'day1', 'abc', 'abc')
    path, options = exported(tmp_path, folder)
    os.remove(folder + '/videos/a.avi')
    table = read_sources([path, folder], options)
    assert not table.labeled and table.views == ['b', 'c']
    told = [line for line in table.said if 'that the rig lacks' in line]
    assert len(told) == 1 and 'warning: 2 labelled images' in told[0] and 'day1, a' in told[0]


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
