"""Cameras and subjects that are chosen among those of a file."""

import pytest

from mmpose_al.datasets.choice import frames_of_subjects
from mmpose_al.datasets.multiview import MultiViewCocoDataset
from tests.test_datasets.annotations import META, ids, multiview_data, write_split


def test_cameras_by_name_or_id(write):
    path = write(multiview_data())
    for cameras in (['right'], [2], ('right', 2)):
        dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=cameras)
        assert ids(dataset) == [1020, 1021, 1120]
    both = MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=['left', 2])
    assert len(both) == 6
    split = write_split(write, path, 'frames', [10])
    some = MultiViewCocoDataset(
        ann_file=path, metainfo=META, cameras=['left'], ids_file=split, subset='unlabeled'
    )
    assert ids(some) == [1110]


def test_moving_camera_is_chosen_by_its_name(write):
    data = multiview_data()
    data['cameras'][1]['name'] = 'left'
    data['cameras'].append(dict(data['cameras'][0], id=3, name='other'))
    data['images'].append(dict(data['images'][0], id=5, camera_id=None))
    path = write(data)
    assert len(MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=['left'])) == 6
    with pytest.raises(ValueError, match='no valid instance'):
        MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=['other'])


def test_names_that_mmengines_command_line_made_numbers_of(write):
    data = multiview_data()
    data['cameras'][0]['name'], data['cameras'][1]['name'] = '00_07', '400002'
    path = write(data)
    for cameras, expected in (([7], 3), ([400002], 3), ([7, 2], 6), (['00_07'], 3)):
        dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=cameras)
        assert len(dataset) == expected
    data['cameras'][0]['name'] = '00_02'  # 2 is the id of the other
    path = write(data)
    with pytest.raises(ValueError, match='2 is the id of one camera and the name'):
        MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=[2])
    assert len(MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=['00_02'])) == 3


@pytest.mark.parametrize(
    'cameras, problem', [(['left', 'top', 9], "unknown: 'top', 9"), ([], 'names no camera')]
)
def test_unknown_cameras_list_those_there_are(write, cameras, problem):
    path = write(multiview_data())
    with pytest.raises(ValueError) as error:
        MultiViewCocoDataset(ann_file=path, metainfo=META, cameras=cameras)
    assert str(error.value).startswith(path) and problem in str(error.value)
    assert "The file has 'left' (id 1), 'right' (id 2)" in str(error.value)
    with pytest.raises(ValueError, match=r"such as \['left'\]"):
        MultiViewCocoDataset(ann_file=path, metainfo=META, cameras='left')


def test_a_subject_may_be_a_number_in_the_file_and_where_it_is_chosen():
    frames = [dict(id=1, subject=7), dict(id=2, subject='7'), dict(id=3, subject='s8'), dict(id=4)]
    for subjects in ([7], ['7']):
        assert frames_of_subjects(subjects, frames, 'a.json') == {1, 2}
    with pytest.raises(ValueError, match="unknown: 'None'. The file has '7', 's8'"):
        frames_of_subjects(['None'], frames, 'a.json')
