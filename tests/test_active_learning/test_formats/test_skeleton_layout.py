"""A template looks like its skeleton: no limbs cross."""

import networkx
import numpy as np
import pytest

from mmpose_al.active_learning.formats.skeleton_layout import crossings, layout

COCO = [
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
]
LIMBS = [
    '16-14',
    '14-12',
    '17-15',
    '15-13',
    '12-13',
    '6-12',
    '7-13',
    '6-7',
    '6-8',
    '7-9',
    '8-10',
    '9-11',
    '2-3',
    '1-2',
    '1-3',
    '2-4',
    '3-5',
    '4-6',
    '5-7',
]
COCO_LIMBS = [tuple(int(k) - 1 for k in limb.split('-')) for limb in LIMBS]
MOUSE = ['snout', 'leftear', 'rightear', 'shoulder', 'spine1', 'spine2', 'hip', 'tail1', 'tail2']
MOUSE_LIMBS = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)]


def crossed(names, edges, poses=None):
    places = np.array(layout(names, edges, poses))
    assert places.shape == (len(names), 2) and places.min() >= 0 and places.max() <= 100
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + 100 * np.eye(len(names))
    assert apart.min() > 2
    return crossings(places, edges)


def test_crossings_counted_by_hand():
    square = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10], [5, 0]])
    assert crossings(square, [(0, 2), (1, 3)]) == 1  # the diagonals
    assert crossings(square[:4], [(0, 1), (1, 2), (2, 3), (3, 0)]) == 0
    assert crossings(square, [(0, 1)]) == 1  # leads through the last one
    assert crossings(square, [(0, 2), (0, 3)]) == 0  # share a joint
    angle = np.arange(17) / 17 * 2 * np.pi
    circle = 50 + 45 * np.c_[np.sin(angle), -np.cos(angle)]
    assert crossings(circle, COCO_LIMBS) > 5


@pytest.mark.parametrize(
    'names, edges', [(COCO, COCO_LIMBS), (MOUSE, MOUSE_LIMBS)], ids=['coco', 'mouse']
)
def test_no_limbs_cross_where_nothing_is_predicted(names, edges):
    assert crossed(names, edges) == 0


def test_a_person_faces_us():
    places = dict(zip(COCO, layout(COCO, COCO_LIMBS)))
    for pair in ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'):
        assert places[f'right_{pair}'][0] < 50 < places[f'left_{pair}'][0]
    heights = [places[name][1] for name in ('nose', 'left_shoulder', 'left_hip', 'left_ankle')]
    assert heights == sorted(heights)


@pytest.mark.parametrize('seed', range(20))
def test_no_limbs_of_a_tree_cross(seed):
    tree = networkx.random_labeled_tree(12, seed=seed)
    names = [f'joint{k}' for k in range(14)]  # two without a limb
    assert crossed(names, [tuple(edge) for edge in tree.edges]) == 0


def test_the_mean_pose_counts_where_its_limbs_do_not_cross():
    person = np.array(layout(COCO, COCO_LIMBS)) / 100
    poses = np.stack([person * [0.5, 0.9], person * [0.7, 0.9]])
    made = np.array(layout(COCO, COCO_LIMBS, poses))
    np.testing.assert_allclose(made, poses.mean(0) * 90 + 5, atol=0.011)
    mixed = poses.copy()
    mixed[:, [9, 10]] = mixed[:, [10, 9]]  # crossed arms
    assert crossed(COCO, COCO_LIMBS, mixed) == 0


def test_skeletons_without_limbs_and_of_one_joint():
    assert crossed(['a', 'b', 'c'], []) == 0
    assert layout(['a'], []) == [[50.0, 50.0]]
    assert crossed(['a', 'b'], [(0, 1), (1, 0), (0, 0)]) == 0
