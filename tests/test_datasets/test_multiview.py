import copy
import hashlib
import json
import os.path as osp

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.evaluation import CocoMetric
from mmpose.registry import DATASETS
from mmpose.structures import PoseDataSample

from mmpose_al.datasets.multiview import (
    FormatError,
    MultiViewCocoDataset,
    load_multiview,
    load_split,
)

REAL = osp.join(osp.dirname(__file__), '..', '..', '..', 'shared', 'data')
JOINTS = ['a', 'b', 'c']
META = dict(
    dataset_name='three',
    keypoint_info={
        i: dict(name=name, id=i, color=[0, 0, 0], type='', swap='') for i, name in enumerate(JOINTS)
    },
    skeleton_info={},
    joint_weights=[1.0] * 3,
    sigmas=[0.05] * 3,
)


def multiview_data() -> dict:
    """2 frames x 2 cameras, 2 persons in frame 10, 1 in frame 11."""
    camera = dict(
        width=40,
        height=30,
        K=[[50, 0, 20], [0, 50, 15], [0, 0, 1]],
        dist=[],
        R=[[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        t=[0, 0, 2000],
    )
    data = dict(
        info=dict(format='mmpose_al-multiview', version=1, world_unit='mm'),
        categories=[dict(id=1, name='person', keypoints=JOINTS, skeleton=[])],
        cameras=[
            dict(camera, id=1, name='left'),
            dict(camera, id=2, name='right', dist=[0.1, 0, 0, 0, 0]),
        ],
        frames=[
            dict(id=10, sequence='s', index=0, time=0.0, subject=None, action=None),
            dict(id=11, sequence='s', index=1, time=None, subject='x', action='walk'),
        ],
        images=[],
        annotations=[],
        poses_3d=[],
    )
    for frame in (10, 11):
        for cam in (1, 2):
            image = 10 * frame + cam
            data['images'].append(
                dict(
                    id=image,
                    file_name=f'{image}.png',
                    width=40,
                    height=30,
                    frame_id=frame,
                    camera_id=cam,
                )
            )
            for person in range(2 if frame == 10 else 1):
                data['annotations'].append(
                    dict(
                        id=10 * image + person,
                        image_id=image,
                        category_id=1,
                        person_id=person,
                        bbox=[5, 5, 20, 15],
                        area=300,
                        iscrowd=0,
                        num_keypoints=2,
                        keypoints=[10, 10, 2, 20, 15, 1, 0, 0, 0],
                    )
                )
        data['poses_3d'].append(
            dict(
                frame_id=frame, person_id=0, keypoints_3d=[[0, 0, 0, 1], [1, 2, 3, 1], [0, 0, 0, 0]]
            )
        )
    return data


@pytest.fixture
def write(tmp_path):
    def write(data, name='ann.json'):
        path = tmp_path / name
        path.write_text(json.dumps(data))
        return str(path)

    return write


def write_split(write, ann_file, unit, labeled, **kwargs):
    with open(ann_file, 'rb') as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return write(
        dict(
            dict(
                format='mmpose_al-split',
                version=1,
                source='ann.json',
                sha256=digest,
                unit=unit,
                mode='random',
                seed=0,
                labeled=labeled,
            ),
            **kwargs,
        ),
        f'split_{unit}.json',
    )


def ids(dataset):
    return [dataset.get_data_info(i)['id'] for i in range(len(dataset))]


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
    (put('cameras', 1, 'K', [[50, 0, 20], [0, 50], [0, 0, 1]]), 'cameras[1]', 'K'),
    (put('cameras', 0, 'K', 0, 0, float('nan')), 'cameras[0]', 'K'),
    (put('cameras', 0, 'K', 2, 2, 2), 'cameras[0]', 'K'),
    (put('cameras', 0, 'R', MIRROR), 'cameras[0]', 'R'),
    (put('cameras', 0, 'R', 0, 0, 1.1), 'cameras[0]', 'R'),
    (put('cameras', 0, 't', [0, 0]), 'cameras[0]', 't'),
    (put('cameras', 0, 'dist', [0, 0, 0]), 'cameras[0]', 'dist'),
    (put('cameras', 0, 'dist', [0, 0, 0, float('inf')]), 'cameras[0]', 'dist'),
    (put('cameras', 0, 'height', 204), 'images[0] (id 101)', 'width'),
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
    (put('annotations', 0, 'keypoints', 2, 3), 'keypoints', 'unknown visibility'),
    (put('annotations', 0, 'bbox', [5, 5, 0, 9]), 'bbox', 'zero-area box'),
    (put('annotations', 0, 'bbox', [50, 5, 9, 9]), 'bbox', 'zero-area box'),
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


def test_samples_carry_ids_and_mmpose_fields(write):
    dataset = DATASETS.build(
        dict(
            type='MultiViewCocoDataset',
            ann_file=write(multiview_data()),
            data_prefix=dict(img='imgs'),
            metainfo=META,
        )
    )
    info = dataset.get_data_info(1)
    assert (info['frame_id'], info['camera_id'], info['person_id']) == (10, 1, 1)
    assert info['img_path'] == osp.join('imgs', '101.png')
    assert info['bbox'].tolist() == [[5, 5, 25, 20]]
    assert info['keypoints'].tolist() == [[[10, 10], [20, 15], [0, 0]]]
    assert info['keypoints_visible'].tolist() == [[1, 1, 0]]


def test_samples_carry_camera_pose_and_action(write):
    dataset = MultiViewCocoDataset(ann_file=write(multiview_data()), metainfo=META)
    info = dataset.get_data_info(5)  # frame 11, right camera
    assert info['action'] == 'walk' and info['camera']['name'] == 'right'
    assert info['camera']['dist'].tolist() == [0.1, 0, 0, 0, 0]
    assert info['camera']['t'].tolist() == [0, 0, 2000]
    assert info['pose_3d'].tolist() == [[0, 0, 0, 1], [1, 2, 3, 1], [0, 0, 0, 0]]
    info['pose_3d'][:] = info['camera']['K'][:] = 7  # a copy: nobody else sees it
    again = dataset.get_data_info(5)
    assert again['pose_3d'][1, 0] == 1 and again['camera']['K'][0, 0] == 50
    other = dataset.get_data_info(1)  # person 1 of frame 10: no pose, no action
    assert 'pose_3d' not in other and 'action' not in other


def test_packed_samples_have_the_view_as_metainfo(write):
    dataset = MultiViewCocoDataset(
        ann_file=write(multiview_data()),
        metainfo=META,
        pipeline=[
            lambda info: dict(info, img=np.zeros((4, 4, 3), np.uint8)),
            dict(type='PackPoseInputs'),
        ],
    )
    sample = dataset[4]['data_samples']
    assert (sample.frame_id, sample.camera_id, sample.person_id) == (11, 1, 0)
    assert sample.camera['name'] == 'left' and sample.action == 'walk'
    assert sample.pose_3d.shape == (3, 4)
    for found in (dataset[0], dataset[3]):  # nothing is left over from others
        assert 'action' not in found['data_samples']


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


def test_joints_must_match_the_metainfo(write):
    with pytest.raises(FormatError, match='3 joints, the metainfo of the dataset has 17'):
        MultiViewCocoDataset(ann_file=write(multiview_data()))


def test_splits(write):
    path = write(multiview_data())
    everything = [1010, 1011, 1020, 1021, 1110, 1120]
    for unit, labeled, expected in (
        ('instances', [1011, 1120], [1011, 1120]),
        ('images', [102], [1020, 1021]),
        ('frames', [10], [1010, 1011, 1020, 1021]),
    ):
        split = write_split(write, path, unit, labeled)
        build = dict(ann_file=path, metainfo=META, ids_file=split)
        assert ids(MultiViewCocoDataset(subset='labeled', **build)) == expected
        assert ids(MultiViewCocoDataset(subset='unlabeled', **build)) == [
            i for i in everything if i not in expected
        ]


def test_split_errors(write):
    path = write(multiview_data())
    build = dict(ann_file=path, metainfo=META, subset='labeled')
    split = write_split(write, path, 'instances', [1010], sha256='0' * 64)
    with pytest.raises(FormatError, match='check_split=False'):
        MultiViewCocoDataset(ids_file=split, **build)
    assert ids(MultiViewCocoDataset(ids_file=split, check_split=False, **build)) == [1010]
    split = write_split(write, path, 'images', [101, 999])
    with pytest.raises(FormatError, match='1 of 2 ids are no images.*999'):
        MultiViewCocoDataset(ids_file=split, **build)
    for change in (
        dict(unit='people'),
        dict(format='coco'),
        dict(version=2),
        dict(labeled=[1, 1]),
        dict(labeled=['1']),
    ):
        with pytest.raises(FormatError, match=list(change)[0]):
            load_split(
                write_split(write, path, **dict(dict(unit='images', labeled=[101]), **change))
            )
    with pytest.raises(ValueError, match='go together'):
        MultiViewCocoDataset(**build)


def test_empty_is_an_error(write):
    data = multiview_data()
    for annotation in data['annotations']:
        annotation['keypoints'] = [0] * 9
    path = write(data)
    with pytest.raises(ValueError, match=f'{path}: no valid instance'):
        MultiViewCocoDataset(ann_file=path, metainfo=META)
    dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, need_keypoints=False)
    assert len(dataset) == 6


def test_unreadable_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file'):
        load_multiview(str(tmp_path / 'none.json'))
    path = tmp_path / 'cut.json'
    path.write_text(json.dumps(multiview_data())[:200])
    with pytest.raises(FormatError, match='is not JSON'):
        load_multiview(str(path))


def test_the_file_is_not_changed_by_reading():
    from mmpose_al.datasets.multiview import check_multiview

    data = multiview_data()
    data['annotations'][0]['keypoints'][3:6] = [41, 15, 2]
    before = copy.deepcopy(data)
    check_multiview(data, 'x', 3, 'skip')
    assert data == before


@pytest.mark.skipif(not osp.isdir(REAL), reason='../shared/data is absent')
def test_real_coco_equals_mmpose_and_is_scored_by_its_metric():
    folder = osp.join(REAL, 'crumbs', 'coco')
    config = dict(
        ann_file=osp.join(folder, 'test_coco.json'), data_prefix=dict(img=folder), test_mode=True
    )
    ours = DATASETS.build(dict(type='MultiViewCocoDataset', **config))
    theirs = DATASETS.build(dict(type='CocoDataset', **config))
    assert len(ours) == len(theirs) == 12
    for i in range(len(ours)):
        a, b = ours.get_data_info(i), theirs.get_data_info(i)
        assert a.keys() == b.keys()
        for key in a:
            same = np.array_equal if isinstance(b[key], np.ndarray) else lambda x, y: x == y
            assert same(a[key], b[key]), key
    evaluator = Evaluator(CocoMetric())
    evaluator.dataset_meta = ours.metainfo
    for i in range(len(ours)):  # the truth as the prediction
        info = ours.get_data_info(i)
        sample = PoseDataSample(
            gt_instances=InstanceData(bbox_scores=np.ones(1), bbox_scales=info['bbox'][:, 2:]),
            pred_instances=InstanceData(
                keypoints=info['keypoints'], keypoint_scores=np.ones((1, 17))
            ),
            metainfo=dict(id=info['id'], img_id=info['img_id'], category_id=1),
        )
        evaluator.process([sample])
    assert evaluator.evaluate(len(ours))['coco/AP'] == pytest.approx(1)


@pytest.mark.skipif(not osp.isdir(REAL), reason='../shared/data is absent')
def test_real_lspet_with_14_joints():
    path = osp.join(REAL, 'lspet', 'train.json')
    with open(path) as file:
        names = json.load(file)['categories'][0]['keypoints']
    meta = dict(
        META,
        joint_weights=[1.0] * 14,
        sigmas=[0.05] * 14,
        keypoint_info={i: dict(name=n, id=i, type='', swap='') for i, n in enumerate(names)},
    )
    with pytest.raises(FormatError, match='outside the 170x187 image'):
        MultiViewCocoDataset(ann_file=path, metainfo=meta)
    dataset = MultiViewCocoDataset(ann_file=path, metainfo=meta, on_bad='skip')
    assert len(dataset) == 8000
    assert dataset.get_data_info(0)['keypoints'].shape == (1, 14, 2)
