"""Batches of the pass over the pool, for tests of what is computed from them."""

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from mmpose_al.active_learning.statistics.batch import Batch, Networks
from tests.helpers import images, student

SIZE = (32, 48)  # of the input; heatmaps are 8 x 12
CAMERA = dict(
    name='left',
    K=[[50.0, 0, 16], [0, 50, 24], [0, 0, 1]],
    R=np.eye(3),
    t=[[1.0], [2], [3]],
    dist=[0.1, -0.2, 0, 0.01, 0.5],
)


def make_samples(num=3):
    """Views of frames 7, 8, ...: crops of 64 x 96 pixels of images of 640 x 480."""
    return [
        PoseDataSample(
            metainfo=dict(
                id=100 + i,
                img_id=50 + i,
                img_path=f'{i}.png',
                frame_id=7 + i,
                camera_id=i,
                person_id=0,
                camera=CAMERA,
                ori_shape=(480, 640),
                input_size=SIZE,
                input_scale=np.array([64.0, 96.0]),
                input_center=np.array([100.0 + i, 200.0]),
            )
        )
        for i in range(num)
    ]


def change(samples, **metainfo):
    """The samples with other metainfo; None takes an entry away."""
    changed = [{**sample.metainfo, **metainfo} for sample in samples]
    return [
        PoseDataSample(metainfo={name: value for name, value in each.items() if value is not None})
        for each in changed
    ]


def plain(**config):
    """A network of four keypoints that is no estimator of ours."""
    torch.manual_seed(0)
    return MODELS.build(ConfigDict(student(**config))).eval()


def dual(predict='ensemble'):
    """A PoseDual of two such networks."""
    torch.manual_seed(0)
    config = dict(type='PoseDual', students=student(), test_cfg=dict(predict=predict))
    return MODELS.build(ConfigDict(config)).eval()


def deep(**config):
    """A network that predicts 3D poses of 17 joints."""
    from tests.views_3d import network

    torch.manual_seed(0)
    return MODELS.build(ConfigDict(network(**config))).eval()


def make_batch(model=None, samples=None, unit='frames', every_student=False):
    """A batch of the network's own predictions."""
    samples = make_samples() if samples is None else samples
    networks = Networks(plain() if model is None else model, every_student)
    return Batch(networks, images(len(samples)), samples, unit)


def batch_of(heatmaps, samples=None):
    """A batch whose networks gave these heatmaps, one tensor (B, K, h, w) a network."""
    batch = make_batch(samples=make_samples(len(heatmaps[0])) if samples is None else samples)
    batch.__dict__['every_heatmaps'] = heatmaps
    return batch
