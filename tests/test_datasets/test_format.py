"""The multi-view format: what is read, and errors that name file, entry and field."""

import copy
import gzip
import json

import numpy as np
import pytest

from mmpose_al.datasets import format as format_module
from mmpose_al.datasets.format import check_multiview, has_area, have_area, read_content
from mmpose_al.datasets.multiview import FormatError, MultiViewCocoDataset, load_multiview
from tests.test_datasets.annotations import META, ids, multiview_data


def test_load(write):
    data = load_multiview(write(multiview_data()))
    assert [camera['name'] for camera in data['cameras']] == ['left', 'right']
    np.testing.assert_array_equal(data['cameras'][0]['t'], [0, 0, 2000])
    assert data['cameras'][0]['K'].shape == (3, 3)
    assert [len(camera['dist']) for camera in data['cameras']] == [0, 5]
    np.testing.assert_array_equal(data['poses_3d'][1]['keypoints_3d'][1], [1, 2, 3, 1])
    assert len(data['annotations']) == 6 and not data['skipped']


def test_plain_coco_is_valid(write):
    data = multiview_data()
    plain = {key: data[key] for key in ('images', 'annotations', 'categories')}
    for image in plain['images']:
        del image['frame_id'], image['camera_id']
    loaded = load_multiview(write(plain))
    assert loaded['cameras'] == loaded['frames'] == loaded['poses_3d'] == []
    dataset = MultiViewCocoDataset(ann_file=write(plain), metainfo=META)
    assert 'frame_id' not in dataset.get_data_info(0)


def put(*path_and_value):
    *path, key, value = path_and_value

    def change(data):
        for step in path:
            data = data[step]
        data[key] = value

    return change


def drop(*path):
    def change(data):
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


MIRROR = [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]
STRUCTURE = [
    (put('annotations', 1, 'id', 1010), 'annotations[1]', 'id'),
    (put('images', 1, 'id', 101), 'images[1]', 'id'),
    (put('cameras', 1, 'id', 1), 'cameras[1]', 'id'),
    (put('frames', 1, 'id', 10), 'frames[1]', 'id'),
    (put('images', 0, 'id', 'x'), 'images[0]', 'id'),
    (drop('cameras', 1, 'K'), 'cameras[1] (id 2)', 'K'),
    (put('cameras', 1, 'K', [[0, 0, 20], [0, 50, 15], [0, 0, 1]]), 'cameras[1]', 'K'),
    (put('cameras', 1, 'K', [[50, 0], [0, 50]]), 'cameras[1]', 'K'),
    (put('cameras', 1, 'K', [[0.8, 0, 0.5], [0, 1.2, 0.5], [0, 0, 1]]), 'cameras[1]', 'K'),
    (put('cameras', 1, 'fisheye', True), 'cameras[1]', 'fisheye'),
    (put('cameras', 1, 'distortion_model', 'equidistant'), 'cameras[1]', 'distortion_model'),
    (put('cameras', 1, 'K', [[50, 0, 20], [0, 50], [0, 0, 1]]), 'cameras[1]', 'K'),
    (put('cameras', 0, 'K', 0, 0, float('nan')), 'cameras[0]', 'K'),
    (put('cameras', 0, 'K', 2, 2, 2), 'cameras[0]', 'K'),
    (put('cameras', 0, 'R', MIRROR), 'cameras[0]', 'R'),
    (put('cameras', 0, 'R', 0, 0, 1.1), 'cameras[0]', 'R'),
    (put('cameras', 0, 't', [0, 0]), 'cameras[0]', 't'),
    (put('cameras', 0, 'dist', [0, 0, 0]), 'cameras[0]', 'dist'),
    (put('cameras', 0, 'dist', [0, 0, 0, float('inf')]), 'cameras[0]', 'dist'),
    (put('cameras', 0, 'height', 204), 'images[0] (id 101)', 'width, height'),
    (put('images', 2, 'camera_id', 7), 'images[2]', 'camera_id'),
    (put('images', 2, 'frame_id', 7), 'images[2]', 'frame_id'),
    (put('images', 1, 'camera_id', 1), 'images[1]', 'camera_id'),
    (put('images', 0, 'width', 0), 'images[0]', 'width'),
    (put('images', 0, 'file_name', ''), 'images[0]', 'file_name'),
    (put('annotations', 3, 'image_id', 5), 'annotations[3]', 'image_id'),
    (put('annotations', 3, 'category_id', 5), 'annotations[3]', 'category_id'),
    (put('annotations', 1, 'person_id', 0), 'annotations[1]', 'person_id'),
    (put('annotations', 1, 'person_id', None), 'annotations[1]', 'person_id'),
    (lambda data: [a.pop('person_id') for a in data['annotations']], 'annotations[1]', 'person_id'),
    (put('frames', 1, 'index', 0), 'frames[1]', 'index'),
    (put('frames', 1, 'sequence', 3), 'frames[1]', 'sequence'),
    (put('frames', 1, 'time', float('nan')), 'frames[1]', 'time'),
    (put('poses_3d', 0, 'frame_id', 9), 'poses_3d[0]', 'frame_id'),
    (put('poses_3d', 1, 'frame_id', 10), 'poses_3d[1]', 'person_id'),
    (put('poses_3d', 0, 'keypoints_3d', [[0, 0, 0, 1]] * 2), 'poses_3d[0]', 'keypoints_3d'),
    (put('poses_3d', 0, 'keypoints_3d', 0, 0, float('nan')), 'poses_3d[0]', 'keypoints_3d'),
    (put('poses_3d', 0, 'keypoints_3d', 0, 3, 2), 'poses_3d[0]', 'keypoints_3d'),
    (put('info', 'version', 2), 'info', 'version'),
    (put('info', 'world_unit', 'm'), 'info', 'world_unit'),
    (drop('images'), 'file', 'images'),
    (put('categories', 0, 'keypoints', ['a', 'a', 'b']), 'categories[0]', 'keypoints'),
    (put('categories', 0, 'keypoints', 3), 'categories[0]', 'keypoints'),
    (put('categories', 0, 'keypoints', 'abc'), 'categories[0]', 'keypoints'),
    (put('categories', 0, 'keypoints', [['a'], ['b']]), 'categories[0]', 'keypoints'),
    (put('info', [1]), 'file', 'info'),
    (put('annotations', 3, 'image_id', [5]), 'annotations[3]', 'image_id'),
    (put('annotations', 3, 'category_id', [5]), 'annotations[3]', 'category_id'),
    (put('annotations', 3, 'category_id', {}), 'annotations[3]', 'category_id'),
    (put('images', 2, 'frame_id', [7]), 'images[2]', 'frame_id'),
    (put('images', 2, 'camera_id', [7]), 'images[2]', 'camera_id'),
    (put('images', 0, 'width', float('inf')), 'images[0]', 'width'),
    (put('cameras', 0, 'width', float('inf')), 'cameras[0]', 'width'),
    (put('cameras', 0, 'K', 0, 0, 10**400), 'cameras[0]', 'K'),
    (put('poses_3d', 0, 'frame_id', [9]), 'poses_3d[0]', 'frame_id'),
]


def test_people_without_a_number(write):
    """One is person 0, a crowd nobody; without frames numbers do not matter."""
    data = multiview_data()
    data['annotations'][0].pop('person_id')
    load_multiview(write(data))
    data['annotations'][1]['iscrowd'] = 1
    data['annotations'][1].pop('person_id')
    load_multiview(write(data))
    data = multiview_data()
    for annotation in data['annotations']:
        annotation.pop('person_id')
    for image in data['images']:
        image.pop('frame_id')
    load_multiview(write(data))


@pytest.mark.parametrize('change, entry, field', STRUCTURE)
def test_structure_errors_name_file_entry_field(write, change, entry, field):
    data = multiview_data()
    change(data)
    path = write(data)
    for on_bad in ('raise', 'skip'):  # never skipped
        with pytest.raises(FormatError) as error:
            load_multiview(path, on_bad=on_bad)
        message = str(error.value)
        assert message.startswith(f'{path}: {entry}')
        assert f'field "{field}"' in message
        assert message.count('.') >= 2  # problem and remedy


BAD = [
    (put('annotations', 0, 'keypoints', [1, 1, 2] * 4), 'keypoints', 'wrong number of joints'),
    (put('annotations', 0, 'keypoints', 1, float('nan')), 'keypoints', 'not finite'),
    (put('annotations', 0, 'keypoints', 1, None), 'keypoints', 'not finite'),
    (put('annotations', 0, 'keypoints', [0, 0, 0, 0, '', 0, 0, 0, 0]), 'keypoints', 'not finite'),
    (put('annotations', 0, 'keypoints', 2, 3), 'keypoints', 'unknown visibility'),
    (put('annotations', 0, 'bbox', [5, 5, 0, 9]), 'bbox', 'zero-area box'),
    (put('annotations', 0, 'bbox', [50, 5, 9, 9]), 'bbox', 'zero-area box'),
    (put('annotations', 0, 'bbox', [0.1, 0.1, 0.5, 0.7]), 'bbox', 'box smaller than a pixel'),
    (
        put('annotations', 0, 'keypoints', [0.2, 0.3, 2, 0.5, 0.5, 2, 0.1, 0.9, 1]),
        'keypoints',
        'keypoints within one pixel',
    ),
    (put('annotations', 0, 'keypoints', 1, 10**400), 'keypoints', 'not finite'),
    (put('annotations', 0, 'keypoints', 5), 'keypoints', 'keypoints are not a list'),
    (put('annotations', 0, 'keypoints', {}), 'keypoints', 'keypoints are not a list'),
    (
        put('annotations', 0, 'bbox', [5, 5, float('nan'), 9]),
        'bbox',
        'box is not four finite numbers',
    ),
    (put('annotations', 0, 'bbox', [5, 5, 10**400, 9]), 'bbox', 'box is not four finite numbers'),
    (put('annotations', 0, 'area', float('nan')), 'area', 'area is not a finite number'),
    (put('annotations', 0, 'area', 'x'), 'area', 'area is not a finite number'),
    (put('annotations', 0, 'iscrowd', 'no'), 'iscrowd', 'iscrowd is neither 0 nor 1'),
    *(
        (
            put('annotations', 0, 'keypoint_weights', weights),
            'keypoint_weights',
            'weights are not numbers from 0 to 1',
        )
        for weights in ([1, 1], [1, 0.5, 1.5], [0, -0.1, 1], [1, None, 1], 1, 'all')
    ),
]


@pytest.mark.parametrize('change, field, kind', BAD)
def test_bad_annotations(write, change, field, kind):
    data = multiview_data()
    change(data)
    path = write(data)
    with pytest.raises(FormatError) as error:
        MultiViewCocoDataset(ann_file=path, metainfo=META)
    assert f'{path}: annotations[0] (id 1010), field "{field}"' in str(error.value)
    dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, on_bad='skip')
    assert ids(dataset) == [1011, 1020, 1021, 1110, 1120]
    assert load_multiview(path, 3, 'skip')['skipped'] == {kind: [1010]}


def test_a_list_is_no_category_even_without_categories(write):
    data = multiview_data()
    data['categories'] = []
    data['annotations'][0]['category_id'] = [1]
    with pytest.raises(FormatError, match=r'annotations\[0\] .*"category_id"'):
        load_multiview(write(data))


HOSTILE = [None, True, False, 0, 1, 2, -1, 0.5, 1.0, 101, 1011, 10**400, float('nan'), '', '0', 'x']
HOSTILE += [[], [0], [1, 2, 3, 4], [1, 1, 0, 5], [0] * 9, [0.0] * 9, [5, 5, 2] * 3, [5, 5, 3] * 3]
HOSTILE += [[0, 0, ''] * 3, [0, 0, None] * 3, [0] * 6, [0.5] * 3, {}, {'a': 1}]
FIELDS = dict(
    images=('id', 'file_name', 'width', 'height', 'frame_id', 'camera_id'),
    frames=('id', 'sequence', 'index', 'time'),
    cameras=('id', 'width'),
    categories=('id', 'keypoints'),
    annotations=('id', 'image_id', 'category_id', 'person_id', 'iscrowd')
    + ('bbox', 'area', 'keypoints', 'keypoint_weights'),
)


def test_all_values_at_once_are_right_where_each_is(monkeypatch):
    """What is checked field by field is what entry by entry would be, with the same errors."""

    def outcomes(change):
        found = []
        for on_bad in ('raise', 'skip'):
            data = multiview_data()
            change(data)
            try:
                checked = check_multiview(data, 'file', on_bad=on_bad)
                found.append({k: v for k, v in checked.items() if k not in ('cameras', 'poses_3d')})
            except FormatError as error:
                found.append(str(error))
        return repr(found)

    changes = [
        (put(section, -1, field, value), (section, field, value))
        for section, fields in FIELDS.items()
        for field in fields
        for value in HOSTILE
        if (section, field, value) != ('categories', 'keypoints', 10**400)
    ]
    changes += [
        (lambda data: None, 'nothing'),
        (lambda data: data['categories'].clear(), 'no categories'),
        (lambda data: data['images'].append('x'), 'a text'),
    ]
    expected = [outcomes(change) for change, _ in changes]
    quick = [name for name in dir(format_module) if name.endswith('_are_right')]
    assert len(quick) == 4
    for name in quick:
        monkeypatch.setattr(format_module, name, lambda *args: False)
    for (change, what), told in zip(changes, expected):
        assert outcomes(change) == told, what
    assert sum('file: ' in told for told in expected) > 300


def test_areas_of_many_boxes_are_those_of_each():
    rng = np.random.default_rng(0)
    boxes = rng.integers(-12, 12, (500, 4)) / 2
    sizes = rng.integers(4, 12, (500, 2))
    expected = [has_area(box, *size) for box, size in zip(boxes.tolist(), sizes.tolist())]
    assert have_area(boxes, sizes).tolist() == expected and 40 < sum(expected) < 460
    assert have_area(np.zeros((0, 4)), np.zeros((0, 2))).tolist() == []


def test_outside_keypoint_becomes_unlabelled(write):
    data = multiview_data()
    data['annotations'][0]['keypoints'][3:6] = [41, 15, 2]
    data['annotations'][1]['keypoints'][3:6] = [40, -0.5, 2]  # the last inside
    path = write(data)
    with pytest.raises(FormatError, match=r'joint 1 is labelled at \[41'):
        load_multiview(path)
    dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, on_bad='skip')
    info = dataset.get_data_info(0)
    assert info['keypoints_visible'].tolist() == [[1, 0, 0]]
    assert info['num_keypoints'] == 1
    assert dataset.get_data_info(1)['keypoints_visible'].tolist() == [[1, 1, 0]]
    # with its only labels outside, the instance is left out
    data['annotations'][0]['keypoints'][0:3] = [10, 31, 1]
    dataset = MultiViewCocoDataset(ann_file=write(data), metainfo=META, on_bad='skip')
    assert 1010 not in ids(dataset)


def test_unlabelled_coordinates_may_be_anywhere(write):
    data = multiview_data()
    data['annotations'][0]['keypoints'][6:9] = [-500, 900, 0]
    assert len(load_multiview(write(data))['annotations']) == 6


def test_unreadable_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file'):
        load_multiview(str(tmp_path / 'none.json'))
    path = tmp_path / 'cut.json'
    path.write_text(json.dumps(multiview_data())[:200])
    with pytest.raises(FormatError, match='is not JSON'):
        load_multiview(str(path))
    path.write_bytes(gzip.compress(json.dumps(multiview_data()).encode()))
    with pytest.raises(FormatError, match='cut.json: is not JSON: it is compressed with gzip'):
        load_multiview(str(path))
    with pytest.raises(FormatError, match='cut.json: is not JSON: it is compressed with gzip'):
        read_content(str(path))


def test_the_file_is_not_changed_by_reading():
    from mmpose_al.datasets.multiview import check_multiview

    data = multiview_data()
    data['annotations'][0]['keypoints'][3:6] = [41, 15, 2]
    before = copy.deepcopy(data)
    check_multiview(data, 'x', 3, 'skip')
    assert data == before


def test_annotations_without_categories_are_refused(write):
    data = multiview_data()
    for categories in ([], None):
        data['categories'] = categories
        with pytest.raises(FormatError, match='file, field "categories": .* but there are 6 annot'):
            load_multiview(write(data))
    load_multiview(write(dict(images=data['images'][:0], annotations=[])))


@pytest.mark.parametrize('joints', [None, []])
def test_categories_without_joints_are_passed_over(write, joints):
    data = multiview_data()
    data['categories'].insert(0, dict(id=2, name='ball', keypoints=joints))
    ball = dict(id=1, image_id=101, category_id=2, person_id=7, bbox=None, keypoints=[5])
    data['annotations'].insert(0, ball)
    found = load_multiview(write(data), 3)
    assert [c['id'] for c in found['categories']] == [1]
    assert [a['id'] for a in found['annotations']] == [1010, 1011, 1020, 1021, 1110, 1120]
    for need_keypoints in (True, False):
        dataset = MultiViewCocoDataset(
            ann_file=write(data), metainfo=META, need_keypoints=need_keypoints
        )
        assert ids(dataset) == [1010, 1011, 1020, 1021, 1110, 1120]


def test_of_a_file_of_boxes_only_persons_are_persons(write):
    data = multiview_data()
    data['categories'] = [dict(id=1, name='person'), dict(id=2, name='car')]
    for annotation in data['annotations'][:2]:
        annotation['category_id'] = 2
    for annotation in data['annotations']:
        annotation.pop('keypoints')
    dataset = MultiViewCocoDataset(ann_file=write(data), metainfo=META, need_keypoints=False)
    assert ids(dataset) == [1020, 1021, 1110, 1120]


@pytest.mark.parametrize('change', ['null', 'missing'])
def test_a_labelled_person_without_a_box_is_counted_or_gets_one(write, change):
    data = multiview_data()
    for annotation in data['annotations'][:2]:
        annotation['bbox'] = None
        if change == 'missing':
            del annotation['bbox']
    data['annotations'][0]['keypoints'] = [10, 10, 2, 20, 15, 1, 0, 0, 0]
    data['annotations'][1]['keypoints'] = [10, 10, 2] + [0] * 6  # one joint has no area
    path = write(data)
    for on_bad in ('raise', 'skip'):
        found = load_multiview(path, on_bad=on_bad)
        assert found['skipped'] == {'labelled without a box': [1010, 1011]}
        assert ids(MultiViewCocoDataset(ann_file=path, metainfo=META, on_bad=on_bad)) == [
            1020,
            1021,
            1110,
            1120,
        ]
    found = load_multiview(path, box_from_keypoints=True)
    assert found['annotations'][0]['bbox'] == [10, 10, 10, 5]
    assert found['skipped'] == {'labelled without a box': [1011]}
    dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, box_from_keypoints=True)
    assert ids(dataset) == [1010, 1020, 1021, 1110, 1120]
    assert dataset.get_data_info(0)['bbox'].tolist() == [[10, 10, 20, 15]]
