"""MultiViewCocoDataset: samples, cameras, subjects, and real files."""

import json
import os.path as osp

import cv2
import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData
from mmpose.evaluation import CocoMetric
from mmpose.registry import DATASETS
from mmpose.structures import PoseDataSample

from mmpose_al.datasets.multiview import FormatError, MultiViewCocoDataset
from tests.test_datasets.annotations import META, multiview_data

REAL = osp.join(osp.dirname(__file__), '..', '..', '..', 'shared', 'data')


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


def test_joints_must_match_the_metainfo(write):
    with pytest.raises(FormatError, match='3 joints, the metainfo of the dataset has 17'):
        MultiViewCocoDataset(ann_file=write(multiview_data()))


def test_empty_is_an_error(write):
    data = multiview_data()
    for annotation in data['annotations']:
        annotation['keypoints'] = [0] * 9
    path = write(data)
    with pytest.raises(ValueError, match=f'{path}: no valid instance'):
        MultiViewCocoDataset(ann_file=path, metainfo=META)
    dataset = MultiViewCocoDataset(ann_file=path, metainfo=META, need_keypoints=False)
    assert len(dataset) == 6


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
        assert a.keys() - {'image_size'} == b.keys()
        for key in b:
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


def test_subjects_and_hidden_3d(tiny):
    source = dict(
        type='MultiViewCocoDataset',
        data_root=tiny,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    whole = DATASETS.build(source)
    with open(tiny + '/train.json') as file:
        names = sorted({frame['subject'] for frame in json.load(file)['frames']})
    one = DATASETS.build(dict(source, subjects=names[:1]))
    assert 0 < len(one) <= len(whole)
    assert sum(len(DATASETS.build(dict(source, subjects=[n]))) for n in names) == len(whole)
    assert 'pose_3d' in whole.get_data_info(0)
    hidden = DATASETS.build(dict(source, poses_3d=False))
    assert 'pose_3d' not in hidden.get_data_info(0)
    assert 'camera' in hidden.get_data_info(0)
    with pytest.raises(ValueError, match="unknown: 'nobody'. The file has"):
        DATASETS.build(dict(source, subjects=['nobody']))
    with pytest.raises(ValueError, match='list of'):
        DATASETS.build(dict(source, subjects='train_00'))


def images_of(folder, shape=(30, 40, 3)):
    """The images of ``multiview_data``, in a folder."""
    for name in ('101', '102', '111', '112'):
        cv2.imwrite(str(folder / f'{name}.png'), np.zeros(shape, np.uint8))
    return dict(img=str(folder))


@pytest.mark.parametrize('pipeline', [[], [dict(type='LoadImage')]])
@pytest.mark.parametrize('mode', ['topdown', 'bottomup'])
def test_images_have_the_declared_size_whoever_loads_them(write, tmp_path, pipeline, mode):
    config = dict(
        ann_file=write(multiview_data()), metainfo=META, pipeline=pipeline, data_mode=mode
    )
    dataset = MultiViewCocoDataset(data_prefix=images_of(tmp_path), **config)
    assert [dataset[i]['img_id'] for i in range(len(dataset))]
    dataset = MultiViewCocoDataset(data_prefix=images_of(tmp_path, (15, 20, 3)), **config)
    with pytest.raises(FormatError, match=r'101.png: is 20x15 .*ann.json declares 40x30'):
        dataset[0]


def test_images_of_detected_boxes_have_the_declared_size(write, tmp_path):
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps([dict(image_id=101, category_id=1, bbox=[1, 1, 9, 9], score=0.9)]))
    config = dict(
        ann_file=write(multiview_data()),
        bbox_file=str(boxes),
        metainfo=META,
        pipeline=[dict(type='LoadImage')],
        test_mode=True,
    )
    dataset = MultiViewCocoDataset(data_prefix=images_of(tmp_path), **config)
    assert dataset[0]['img'].shape == (30, 40, 3)
    images_of(tmp_path, (15, 20, 3))
    with pytest.raises(FormatError, match='is 20x15'):
        dataset[0]
    with pytest.raises(ValueError, match='exif is .maybe.'):
        MultiViewCocoDataset(exif='maybe', **config)


@pytest.mark.parametrize('area', ['missing', None, 0, -5])
def test_the_computed_area_reaches_the_evaluator(write, area):
    data = multiview_data()
    for annotation in data['annotations']:
        del annotation['iscrowd']
        annotation.pop('area', None)
        if area != 'missing':
            annotation['area'] = area

    dataset = MultiViewCocoDataset(ann_file=write(data), metainfo=META, test_mode=True)
    evaluator = Evaluator(CocoMetric(nms_mode='none'))
    evaluator.dataset_meta = dataset.metainfo
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        x, y, right, bottom = info['bbox'][0]
        assert info['raw_ann_info']['area'] == pytest.approx(0.53 * (right - x) * (bottom - y))
        assert info['area'] == pytest.approx(info['raw_ann_info']['area'])
        sample = PoseDataSample(
            gt_instances=InstanceData(bbox_scores=np.ones(1), bbox_scales=info['bbox'][:, 2:]),
            pred_instances=InstanceData(
                keypoints=info['keypoints'], keypoint_scores=np.ones((1, 3))
            ),
            metainfo=dict(
                id=info['id'],
                img_id=info['img_id'],
                category_id=1,
                ori_shape=(30, 40),
                raw_ann_info=info['raw_ann_info'],
            ),
        )
        evaluator.process([sample])
    assert evaluator.evaluate(len(dataset))['coco/AP'] == pytest.approx(1)


def test_names_of_windows_are_read_or_named(write, tmp_path):
    data = multiview_data()
    (tmp_path / 'sub').mkdir()
    prefix = images_of(tmp_path / 'sub')
    for image in data['images']:
        image['file_name'] = 'sub\\' + image['file_name']
    config = dict(ann_file=write(data), metainfo=META, pipeline=[dict(type='LoadImage')])
    dataset = MultiViewCocoDataset(data_prefix=dict(img=str(tmp_path)), **config)
    assert dataset[0]['img'].shape == (30, 40, 3)
    dataset = MultiViewCocoDataset(data_prefix=prefix, **config)
    with pytest.raises(FileNotFoundError, match='backslashes, the separators of Windows.*correct'):
        dataset[0]


@pytest.mark.parametrize('encoding, name', [('utf-8', 'a'), ('utf-16', 'b'), ('utf-8-sig', 'c')])
def test_files_of_other_encodings_are_not_left_to_the_evaluator(tmp_path, encoding, name):
    data = multiview_data()
    for annotation in data['annotations']:
        annotation.update(area=9.0, num_keypoints=2)
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(data), encoding=encoding)
    meta = dict(META, dataset_name=f'encoded_{name}')
    assert len(MultiViewCocoDataset(ann_file=str(path), metainfo=meta, test_mode=True)) == 6
    told = MessageHub.get_current_instance().get_info(f'encoded_{name}_ann_file')
    assert told == (str(path) if name == 'a' else None)
