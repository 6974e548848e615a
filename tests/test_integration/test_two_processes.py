"""Two gloo processes train the model that one process with the double batch trains."""

import glob
import os
import os.path as osp
import socket
import subprocess
import sys

import pytest
import torch

from tests import ROOT
from tests.tiny_coco import write_data

CONFIG = """
_base_ = {root!r} + '/configs/_base_/default_runtime.py'
custom_imports = dict(imports=['mmpose_al', 'tests.helpers'])
codec = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1)
network = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor', mean=[127.0] * 3, std=[60.0] * 3),
    backbone=dict(type='TinyBackbone', norm=False),
    head=dict(type='HeatmapHead', in_channels=8, out_channels=17,
              deconv_out_channels=None, decoder=codec,
              init_cfg=dict(type='Normal', layer='Conv2d', std=0.3),
              loss=dict(type='KeypointMSELoss', use_target_weight=True)),
    train_cfg=dict(compute_acc=False))
model = dict(type='PoseDual', students=network,
             hard_augments=[dict(type='JointCutout', num_joints=3)])
train_set = dict(
    type='MultiViewCocoDataset', data_root={data!r}, ann_file='train.json',
    data_prefix=dict(img='images/'),
    labels=dict(unit='instances', mode='first', num=4))
train_dataloader = dict(
    batch_size={batch}, num_workers=0,
    sampler=dict(type='LabeledUnlabeledSampler', batch_size={batch}),
    dataset=dict(
        type='LabeledUnlabeledDataset', labeled=dict(train_set, subset='labeled'),
        unlabeled=dict(train_set, subset='unlabeled'),
        pipeline=[
            dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
            dict(type='RandomFlip', direction='horizontal'),
            dict(type='RandomBBoxTransform', rotate_factor=30),
            dict(type='TopdownAffine', input_size=codec['input_size']),
            dict(type='GenerateTarget', encoder=codec), dict(type='PackPoseInputs')]))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=5)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=1.0, momentum=0.9))
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(by_epoch=False, interval=5))
log_processor = dict(by_epoch=False, window_size=1)
"""


def alone(config):
    return [sys.executable, osp.join(ROOT, 'tools', 'train.py'), config]


def resumed(config):
    return [*alone(config), '--resume']


def in_two_processes(config):
    return ['bash', osp.join(ROOT, 'tools', 'dist_train.sh'), config, '2']


def train(folder, command, batch, text=CONFIG):
    """The final weights of a run whose config is ``text``, on the data in ``folder``."""
    config = folder / f'batch{batch}.py'
    config.write_text(text.format(root=ROOT, data=str(folder / 'data') + '/', batch=batch))
    work = folder / f'work{batch}'

    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        port = server.getsockname()[1]
    environ = dict(
        os.environ,
        PYTHONPATH=ROOT,
        OMP_NUM_THREADS='1',
        PYTHON=sys.executable,
        CUDA_VISIBLE_DEVICES='',
        PORT=str(port),
    )
    done = subprocess.run(
        command(str(config)) + ['--work-dir', str(work)],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    (checkpoint,) = glob.glob(str(work / 'iter_5.pth'))
    return torch.load(checkpoint, map_location='cpu', weights_only=False)['state_dict']


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares CPU processes')
def test_two_processes_equal_one_with_the_double_batch(tmp_path):
    write_data(tmp_path / 'data')
    one = train(tmp_path, alone, 8)
    two = train(tmp_path, in_two_processes, 4)
    assert one.keys() == two.keys()
    moved = 0.0
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=1e-4), name
        start = torch.zeros_like(value) if 'bias' in name else value
        moved = max(moved, float((value - start).abs().max()))
    assert moved > 1e-3, 'the training must move the parameters'
