"""Whole groups of views, and what is none."""

import pytest
from mmpose.structures import PoseDataSample

from mmpose_al.models.groups import check_groups


def samples(*keys):
    return [
        PoseDataSample(metainfo=dict(img_path=f'{i}.jpg', frame_id=frame, person_id=person))
        for i, (frame, person) in enumerate(keys)
    ]


def test_whole_groups():
    check_groups(samples((5, 0), (5, 0), (5, 1), (5, 1)), 2)
    check_groups([], 2)


@pytest.mark.parametrize(
    'keys, text',
    [
        ([(5, 0)] * 3, '3 unlabelled samples are no groups of 2 views; let a LabeledGroupSampler'),
        ([(5, 0), (6, 0)], r"views \['0.jpg', '1.jpg'\] of one group belong to .*meta_keys"),
        ([(5, 0), (5, 1)], 'of one group'),
        ([(None, 0), (None, 0)], 'of one group'),
    ],
)
def test_what_is_no_group(keys, text):
    with pytest.raises(ValueError, match=text):
        check_groups(samples(*keys), 2)
