"""Small labelled and unlabelled sources for the tests of this folder."""

import json
import os.path as osp
import random

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import DATASETS, TRANSFORMS

META = dict(
    dataset_name='two',
    keypoint_info={i: dict(name=n, id=i, type='', swap='') for i, n in enumerate('ab')},
    skeleton_info={},
    joint_weights=[1.0] * 2,
    sigmas=[0.05] * 2,
)
META3 = dict(
    META,
    joint_weights=[1.0] * 3,
    sigmas=[0.05] * 3,
    keypoint_info={i: dict(name=n, id=i, type='', swap='') for i, n in enumerate('abc')},
)


@TRANSFORMS.register_module(force=True)
class LUDraw(BaseTransform):
    """Draw from all three generators, leave the numbers in ``img_path``'s place."""

    def __init__(self, none_for=(), bug_for=()):
        self.none_for, self.bug_for = none_for, bug_for

    def transform(self, results):
        if results['id'] in self.none_for:
            return None
        if results['id'] in self.bug_for:
            raise KeyError('a bug')
        results['crowd_index'] = results.get('crowd_index', ()) + (
            random.random(),
            np.random.rand(),
            torch.rand(1).item(),
        )
        return results


PACK = dict(type='PackPoseInputs')
LOAD = dict(type='LoadImage')


@pytest.fixture
def make(tmp_path):
    """A data set config with the given ids; image i.jpg holds annotation i."""

    def make(ids, name='ann.json', pipeline=(), joints=2, meta=None, **kwargs):
        for i in ids:
            path = str(tmp_path / f'{i}.jpg')
            if not osp.exists(path):
                noise = np.random.RandomState(i).randint(0, 255, (40, 40, 3))
                cv2.imwrite(path, noise.astype(np.uint8))
        path = tmp_path / name
        path.write_text(
            json.dumps(
                dict(
                    images=[dict(id=i, file_name=f'{i}.jpg', width=40, height=40) for i in ids],
                    annotations=[
                        dict(
                            id=i,
                            image_id=i,
                            category_id=1,
                            bbox=[5, 5, 20, 20],
                            iscrowd=0,
                            keypoints=[
                                number
                                for joint in range(joints)
                                for number in (9 + 3 * joint, 9 + joint, 2)
                            ],
                        )
                        for i in ids
                    ],
                    categories=[dict(id=1, name='person')],
                )
            )
        )
        return dict(
            type='MultiViewCocoDataset',
            ann_file=str(path),
            data_prefix=dict(img=str(tmp_path)),
            metainfo=meta or META,
            pipeline=list(pipeline),
            **kwargs,
        )

    return make


def build(labeled, unlabeled=None, pipeline=(LOAD, PACK), **kwargs):
    return DATASETS.build(
        dict(
            type='LabeledUnlabeledDataset',
            labeled=labeled,
            unlabeled=unlabeled,
            pipeline=list(pipeline),
            **kwargs,
        )
    )


def ids(dataset):
    return [dataset[i]['data_samples'].id for i in range(len(dataset))]


def truncate(path, keep):
    with open(path, 'rb') as file:
        content = file.read()
    with open(path, 'wb') as file:
        file.write(content[: int(keep * len(content))])
