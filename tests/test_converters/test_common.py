"""What all converters share: parts, projection, checking, writing, resume."""

import os
import os.path as osp

import cv2
import numpy as np
import pytest

from mmpose_al import fileio
from mmpose_al.converters import common
from mmpose_al.converters.common import Part, Task, category_of, convert
from mmpose_al.datasets.format import FormatError
from tests.test_converters.files import by_opencv, quiet

ONE_JOINT = dict(id=1, name='person', keypoints=['nose'], skeleton=[])


def a_part(sequence, name='cam', dist=(), frames=2):
    part = Part()
    camera = part.add_camera(
        name, (64, 48), [[50, 0, 30], [0, 50, 20], [0, 0, 1]], dist, np.eye(3), [0, 0, 1000]
    )
    for index in range(frames):
        frame = part.add_frame(sequence, index)
        image = part.add_image(f'{sequence}/{index}.jpg', frame, camera)
        part.add_person(image, 0, [10, 10, 20, 20], np.array([[30, 20, 2.0]]))
        part.add_pose(frame, 0, np.zeros((1, 3)), np.ones(1, dtype=bool))
    part.skip('odd ones', 2)
    return part


def test_assemble_renumbers_and_writes_equal_cameras_once():
    data, skipped = common.assemble(
        [a_part('a'), a_part('b'), a_part('c', dist=[0.1, 0, 0, 0])], ONE_JOINT, ''
    )
    assert [len(data[key]) for key in common.SECTIONS] == [2, 6, 6, 6, 6]
    assert [i['camera_id'] for i in data['images']] == [1, 1, 1, 1, 2, 2]
    assert [i['frame_id'] for i in data['images']] == [1, 2, 3, 4, 5, 6]
    assert [a['image_id'] for a in data['annotations']] == [1, 2, 3, 4, 5, 6]
    assert [p['frame_id'] for p in data['poses_3d']] == [1, 2, 3, 4, 5, 6]
    assert [f['sequence'] for f in data['frames']] == list('aabbcc')
    assert skipped == {'odd ones': 6}


class Tasks:
    """Three sequences that count their runs; ``fails`` raises when run."""

    def __init__(self, fails=None, inputs=0):
        self.ran, self.fails, self.inputs = [], fails, inputs

    def list(self):
        return [
            Task(name, self.inputs, lambda name=name: self.run(name))
            for name in ('s/1', 's/2', 's_2')
        ]

    def run(self, name):
        if name == self.fails:
            raise KeyboardInterrupt
        self.ran.append(name)
        return a_part(name)


def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    whole, out = str(tmp_path / 'whole.json'), str(tmp_path / 'out.json')
    convert(whole, Tasks().list(), ONE_JOINT, '', report=quiet)
    killed = Tasks(fails='s_2')
    with pytest.raises(KeyboardInterrupt):
        convert(out, killed.list(), ONE_JOINT, '', report=quiet)
    assert killed.ran == ['s/1', 's/2'] and not osp.exists(out)
    parts = sorted(os.listdir(out + '.parts'))
    assert len(parts) == 2
    lines, again = [], Tasks()
    convert(out, again.list(), ONE_JOINT, '', report=lines.append)
    assert again.ran == ['s_2']
    assert 'kept from an earlier run' in lines[0] and 'kept' not in lines[2]
    with open(whole) as a, open(out) as b:
        assert a.read() == b.read()
    assert not osp.exists(out + '.parts')


def test_what_a_killed_run_left_half_is_taken_away(tmp_path):
    out = tmp_path / 'out.json'
    left = f'out.json.{fileio._HOST}-{2**22 + 1}-abcdef-0.tmp'
    (tmp_path / 'out.json.parts').mkdir()
    for folder in (tmp_path, tmp_path / 'out.json.parts'):
        (folder / left).write_text('{"half')
    convert(str(out), Tasks().list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    assert sorted(os.listdir(str(tmp_path))) == ['out.json', 'out.json.parts']
    assert len(os.listdir(str(tmp_path / 'out.json.parts'))) == 3


def test_numbers_that_json_has_no_word_for_are_not_written(tmp_path):
    """Annotations with null would be another error, later and elsewhere."""
    out = str(tmp_path / 'out.json')

    def task():
        part = a_part('a')
        part.frames[0]['note'] = float('nan')  # nothing that the format's checks look at
        return part

    with pytest.raises(ValueError, match='nan is not JSON'):
        convert(out, [Task('a', 0, task)], ONE_JOINT, '', report=quiet)
    assert not osp.exists(out) and os.listdir(out + '.parts') == []


def test_parts_of_other_inputs_or_broken_ones_are_made_anew(tmp_path):
    out = str(tmp_path / 'out.json')
    convert(out, Tasks().list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    same, other = Tasks(), Tasks(inputs=1)
    convert(out, same.list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    convert(out, other.list(), ONE_JOINT, '', keep_parts=True, report=quiet)
    assert same.ran == [] and len(other.ran) == 3
    parts = [osp.join(out + '.parts', name) for name in os.listdir(out + '.parts')]
    assert len(parts) == 3  # 's/2' and 's_2' do not share one
    with open(parts[0], 'r+') as file:
        file.truncate(100)
    broken = Tasks(inputs=1)
    convert(out, broken.list(), ONE_JOINT, '', report=quiet)
    assert len(broken.ran) == 1


def test_invalid_data_is_not_written(tmp_path):
    out = tmp_path / 'out.json'

    def bad():
        part = a_part('a')
        part.cameras[0]['R'][0][0] = 2.0
        return part

    with pytest.raises(FormatError, match='"R": is not a rotation'):
        convert(str(out), [Task('a', 0, bad)], ONE_JOINT, '', report=quiet)
    assert not out.exists()
    with pytest.raises(FormatError, match='nothing to convert'):
        convert(str(out), [], ONE_JOINT, '', report=quiet)


def test_missing_images_raise_or_are_left_out(tmp_path):
    out, tasks = str(tmp_path / 'out.json'), [Task('a', 0, lambda: a_part('a'))]
    os.makedirs(str(tmp_path / 'a'))
    (tmp_path / 'a' / '1.jpg').write_bytes(b'')
    with pytest.raises(FormatError, match='1 of 2 images are missing, first .*0.jpg'):
        convert(out, tasks, ONE_JOINT, '', str(tmp_path), report=quiet)
    lines = []
    data = convert(out, tasks, ONE_JOINT, '', str(tmp_path), 'skip', report=lines.append)
    assert [len(data[key]) for key in common.SECTIONS] == [1, 1, 1, 1, 1]
    assert data['frames'][0]['index'] == 1
    assert any('1 images that are not on disk' in line for line in lines)
    assert (
        len(convert(out, tasks, ONE_JOINT, '', str(tmp_path), 'keep', report=quiet)['images']) == 2
    )


def test_progress_tells_the_time_that_is_left():
    times, lines = iter([0.0, 30.0, 60.0]), []
    progress = common.Progress(4, lines.append, lambda: next(times))
    progress.step('a', cached=True)  # took no time: nothing to learn from
    progress.step('b')  # 30 s for one: 60 s for the other two
    progress.step('c')  # 60 s for two: 30 s for the last
    assert lines == [
        '[1/4] a (kept from an earlier run)',
        '[2/4, 0:01:00 left] b',
        '[3/4, 0:00:30 left] c',
    ]


def test_digest_depends_on_every_value():
    values = [
        1,
        '1',
        1.0,
        [1],
        [1, 1],
        dict(a=1),
        dict(b=1),
        np.ones(2),
        np.ones(2, dtype=int),
        np.ones((1, 2)),
        [np.ones(2)],
        dict(a=np.ones(2)),
        dict(a=np.zeros(2)),
        [['a'], 'b'],
        [['a', 'b']],
        None,
    ]
    assert len({common.digest(value) for value in values}) == len(values)
    assert common.digest(dict(a=1, b=2)) == common.digest(dict(b=2, a=1))


def test_view_pixels_agree_with_opencv_and_leave_out_what_is_not_seen():
    random = np.random.RandomState(0)
    part = Part()
    for dist in (
        [],
        [-0.2, 0.2, 1e-3, -1e-3, 0.02],
        [-0.1, 0.1, 1e-3, 1e-3],
        [0.1, 0.2, 0, 0, 0.1, 0.1, 0.2, 0.1, 1e-3, 0, 1e-3, 0],
    ):
        R = cv2.Rodrigues(random.randn(3) * 0.2)[0]
        part.add_camera(
            'c', (640, 480), [[500, 0, 310], [0, 510, 250], [0, 0, 1]], dist, R, [100, -50, 4000]
        )
    points = random.randn(5, 7, 3) * 800
    points[0, 0] = np.nan
    pixels, shown = common.view_pixels(points, part.cameras)
    assert pixels.shape == (4, 5, 7, 2) and shown.shape == (4, 5, 7)
    assert not shown[:, 0, 0].any() and 60 < shown.sum() < 140
    for camera, at, see in zip(part.cameras, pixels, shown):
        camera = {key: np.array(value) for key, value in camera.items()}
        expected = by_opencv(camera, np.nan_to_num(points).reshape(-1, 3))
        assert np.abs(at[see] - expected[see.ravel()]).max() < 1e-6
        inside = ((expected >= -0.5) & (expected <= [639.5, 479.5])).all(axis=1)
        inside[0] = False
        assert (see.ravel() == inside).all()


def test_points_that_only_the_polynomial_brings_into_the_image_are_not_seen():
    # r (1 - 0.3 r^2) grows up to r = 1 / sqrt(0.9), and is 0 again at 1 / sqrt(0.3).
    assert common.fold_radius([-0.3, 0, 0, 0]) == pytest.approx(0.9**-0.5, abs=1e-3)
    assert common.fold_radius([]) == common.fold_radius([0.1, 0.1, 0, 0]) == np.inf
    part = Part()
    part.add_camera(
        'c',
        (640, 480),
        [[500, 0, 320], [0, 500, 240], [0, 0, 1]],
        [-0.3, 0, 0, 0],
        np.eye(3),
        [0, 0, 0],
    )
    points = np.array([[0, 0, 1000.0], [1800, 0, 1000], [0, 0, -1000]])
    camera = {key: np.array(value) for key, value in part.cameras[0].items()}
    assert by_opencv(camera, points)[1] == pytest.approx([345.2, 240])  # "inside"
    shown = common.view_pixels(points, part.cameras)[1]
    assert shown.tolist() == [[True, False, False]]


def test_boxes_by_hand():
    points = np.array([[10, 20.0], [20, 40], [500, 500]])
    shown = np.array([True, True, False])
    assert common.box_around(points, shown, (100, 60)) == pytest.approx([9, 18, 12, 24])
    # Cut off at the last pixel; one point still has an area.
    assert common.box_around(points, shown, (20, 60), 2.0) == pytest.approx([5, 10, 14, 40])
    assert common.box_around(points[:1], shown[:1], (100, 60)) == [10, 20, 1, 1]
    assert common.box_around(points, ~shown | shown, (400, 400))[2:] != [0, 0]
    assert common.box_around(points, np.zeros(3, bool), (100, 60)) is None


def test_metainfo_that_is_not_there():
    with pytest.raises(FormatError, match='nowhere.py: no such file'):
        category_of('nowhere.py')


def test_an_entry_that_is_not_as_it_should_be_names_its_recording(tmp_path):
    def broken():
        return dict(bbox=None)['joint_valid']

    with pytest.raises(FormatError, match="Capture0/walk: its annotations .*KeyError: 'joint_val"):
        convert(str(tmp_path / 'a.json'), [Task('Capture0/walk', 1, broken)], ONE_JOINT, 'mine')
