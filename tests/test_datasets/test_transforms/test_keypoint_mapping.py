"""Joint mappings between the data sets of the configs, by hand."""

import numpy as np
import pytest
from mmpose.registry import TRANSFORMS

from mmpose_al.datasets.transforms.keypoint_mapping import MapKeypoints, joint_mapping, joint_names


def meta(name):
    return dict(from_file=f'configs/_base_/datasets/{name}.py')


def test_aic_to_coco():
    """12 body joints; index pairs as read off the two lists of joints."""
    convert = TRANSFORMS.build(
        dict(
            type='MapKeypoints', source=meta('aic'), target=meta('coco'), drop=['head_top', 'neck']
        )
    )
    # AIC: right arm 0-2, left arm 3-5, right leg 6-8, left leg 9-11
    assert convert.num_keypoints == 17
    assert convert.mapping == [
        (0, 6),
        (1, 8),
        (2, 10),
        (3, 5),
        (4, 7),
        (5, 9),
        (6, 12),
        (7, 14),
        (8, 16),
        (9, 11),
        (10, 13),
        (11, 15),
    ]
    points = np.arange(28.0).reshape(1, 14, 2)
    visible = np.ones((1, 14))
    visible[0, 2] = 0
    out = convert(dict(keypoints=points, keypoints_visible=visible))
    np.testing.assert_array_equal(out['keypoints'][0, 6], points[0, 0])
    np.testing.assert_array_equal(out['keypoints'][0, 15], points[0, 11])
    known = np.flatnonzero(out['keypoints_visible'][0, :, 0])
    np.testing.assert_array_equal(known, [5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16])


def test_aic_to_mpii():
    mapping = joint_mapping(
        joint_names(meta('aic')), joint_names(meta('mpii')), rename=dict(neck='upper_neck')
    )
    # MPII: 0 right ankle ... 5 left ankle, 8 upper neck, 9 head top, 10 right wrist ...
    assert mapping == [
        (0, 12),
        (1, 11),
        (2, 10),
        (3, 13),
        (4, 14),
        (5, 15),
        (6, 2),
        (7, 1),
        (8, 0),
        (9, 3),
        (10, 4),
        (11, 5),
        (12, 9),
        (13, 8),
    ]


@pytest.mark.parametrize(
    'more, words',
    [
        (dict(), 'joints b, c of the source would be lost; .*free: x, y'),
        (dict(drop=['b']), 'joints c of the source would be lost'),
        (dict(rename=dict(b='x', c='x')), 'b and c would both become x'),
        (dict(rename=dict(b='a'), drop=['c']), 'a and b would both become a'),
        (dict(rename=dict(b='z'), drop=['c']), "target has no joint 'z'"),
        (dict(drop=['z']), "source has no joint 'z'"),
        (dict(drop=['a', 'b', 'c']), 'no joint is left'),
    ],
)
def test_nothing_is_lost_silently(more, words):
    with pytest.raises(ValueError, match=words):
        joint_mapping(['a', 'b', 'c'], ['a', 'x', 'y'], **more)


def test_3d_poses_are_mapped_too():
    def three(*names):
        return dict(
            dataset_name='d',
            paper_info={},
            skeleton_info={},
            sigmas=[],
            joint_weights=[1.0] * 3,
            keypoint_info={
                i: dict(name=n, id=i, color=[0, 0, 0], type='', swap='')
                for i, n in enumerate(names)
            },
        )

    transform = MapKeypoints(
        three('a', 'b', 'c'), three('c', 'x', 'd'), rename=dict(a='d'), drop=['b']
    )
    pose = np.array([[1.0, 2, 3, 1], [4, 5, 6, 1], [7, 8, 9, 0]])
    out = transform.transform(
        dict(keypoints=np.zeros((1, 3, 2)), keypoints_visible=np.ones((1, 3)), pose_3d=pose)
    )
    assert out['pose_3d'].tolist() == [[7, 8, 9, 0], [0, 0, 0, 0], [1, 2, 3, 1]]


def test_flips_of_joints_without_names_are_checked_too():
    from mmpose_al.datasets.transforms.keypoint_mapping import check_flips

    check_flips(dict(flip_indices=[1, 0, 2]), 'mine')
    with pytest.raises(ValueError, match='mine: mirrored, its joint no. 0 becomes no. 1, but'):
        check_flips(dict(flip_indices=[1, 2, 0]), 'mine')
