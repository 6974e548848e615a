"""Annotation files of MMPose's body 3D scripts, by hand."""

import numpy as np
import pytest

from mmpose_al.converters.common import Part
from mmpose_al.converters.mmpose_npz import add_views, load_annotations
from mmpose_al.datasets.format import FormatError


def content(rows=2):
    """Joints around (30, 20) pixels, one metre in front of every camera."""
    return dict(
        imgname=np.array([f'{row}.jpg' for row in range(rows)]),
        part=np.full((rows, 17, 3), [30.0, 20, 1]),
        S=np.full((rows, 17, 4), [0.0, 0, 1, 1]),
    )


def spread(size=1.0):
    """3D joints of people of this size."""
    S = np.full((2, 17, 4), [0.0, 0, 4, 1])
    S[:, :, 1] = np.linspace(0, size, 17)
    return S


def part_with_views(number=2):
    part = Part()
    for index in range(number):
        K = [[50, 0, 30], [0, 50, 20], [0, 0, 1]]
        part.add_camera(f'c{index}', (64, 48), K, [], np.eye(3), [0, 0, 0])
    return part, part.add_frame('a', 0)


@pytest.mark.parametrize(
    'field, value, problem',
    [
        ('part', np.zeros((2, 16, 3)), r'has shape \(2, 16, 3\), not \(N, 17, 3\)'),
        ('S', np.zeros((2, 17, 3)), r'has shape \(2, 17, 3\), not \(N, 17, 4\)'),
        ('S', np.full((2, 17, 4), np.nan), 'holds a number that is not finite'),
        ('S', spread(1700.0), r'people are 1.7e\+03 across in the median, and metres are expected'),
        ('S', spread(0.0017), 'people are 0.0017 across'),
    ],
)
def test_faults_name_the_field(tmp_path, field, value, problem):
    path = str(tmp_path / 'train.npz')
    np.savez(path, **{**content(), field: value})
    with pytest.raises(FormatError, match=f'train.npz: file, field "{field}": {problem}'):
        load_annotations(path)


def test_files_are_read_as_they_were_written(tmp_path):
    path = str(tmp_path / 'train.npz')
    np.savez(path, **{**content(), 'S': spread()})
    assert {name: array.shape for name, array in load_annotations(path).items()} == dict(
        imgname=(2,), part=(2, 17, 3), S=(2, 17, 4)
    )


def test_a_pose_in_metres_is_one_of_the_world_in_mm():
    part, frame = part_with_views()
    part.cameras[0]['t'] = part.cameras[1]['t'] = [0.0, 0, 250]
    add_views(part, frame, [(0, 0), (1, 1)], content(), max_spread=1)
    [pose] = part.poses_3d
    assert pose['keypoints_3d'] == [[0, 0, 750, 1]] * 17
    assert [each['num_keypoints'] for each in part.annotations] == [17, 17]
    assert part.notes == {"largest distance between the views' 3D poses (mm)": 0}


def test_views_that_disagree_give_no_pose():
    part, frame = part_with_views()
    data = content()
    data['S'][1, 4, 0] += 0.003
    add_views(part, frame, [(0, 0), (1, 1)], data, max_spread=2)
    assert not part.poses_3d and len(part.images) == 2
    assert part.skipped == {'3D poses on which the views differ by over 2 mm': 1}


def test_joints_with_flag_0_or_outside_are_not_labelled():
    data = content()
    data['part'][0, :3, 2] = 0
    data['part'][1, :16, 0] = 64  # the image has 64 columns, 0 to 63
    for use_flags, expected in ((True, [14, 1]), (False, [17, 1])):
        part, frame = part_with_views()
        add_views(part, frame, [(0, 0), (1, 1)], data, max_spread=1, use_flags=use_flags)
        assert [each['num_keypoints'] for each in part.annotations] == expected
    data['part'][1, :, 2] = 0
    part, frame = part_with_views()
    add_views(part, frame, [(0, 0), (1, 1)], data, max_spread=1)
    assert part.skipped == {'persons in views that show no joint of theirs': 1}
