"""Faults of a file are told at once."""

import copy

import pytest

from mmpose_al.active_learning.formats import Faults, check_joint
from mmpose_al.active_learning.formats.faults import leads_out
from tests.test_active_learning.people import NAMES, refused, write


def test_several_faults_are_told_at_once(answering, tmp_path):
    data = copy.deepcopy(answering[1]['coco'])
    for k in range(5):
        data['annotations'][0]['keypoints'][3 * k] = -90
    data['annotations'][1]['id'] = 77
    path = write(data, tmp_path / 'a.json', 'coco')
    refused(answering, path, *(repr(n) for n in NAMES), 'and 1 more faults')


def test_a_joint_in_pixels_of_the_pool():
    faults = Faults('a.json')

    def checked(*values, shift=0.0):
        return check_joint(faults, 'annotations[0]', 'keypoints', 'nose', values, (64, 48), shift)

    assert checked(3, 4, 2) == [3.0, 4.0, 2.0]
    assert checked(64.5, 0.0, 1, shift=-0.5) == [64.0, -0.5, 1.0]
    assert checked(1e9, 2, 0) == [0.0, 0.0, 0.0]
    assert faults.found == []
    for values in ((64.6, 1, 2), (1, -0.6, 2), (1, 1, 3), (None, 1, 2), (1, float('nan'), 2)):
        assert checked(*values) is None
    assert len(faults.found) == 5 and all("joint 'nose'" in text for text in faults.found)


@pytest.mark.parametrize(
    'name, out',
    [
        ('a/b.png', False),
        ('a..b/c', False),
        ('../a', True),
        ('a\\..\\b', True),
        ('/a', True),
        ('C:/a', True),
        ('a\0b', True),
    ],
)
def test_names_that_lead_out(name, out):
    assert leads_out(name) is out
