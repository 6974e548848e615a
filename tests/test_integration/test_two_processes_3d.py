"""Weakly supervised 3D training: two gloo processes equal one with the double batch."""

import pytest
import torch

from mmpose_al.synthetic import write_benchmark
from tests.test_integration import test_two_processes as two

CONFIG = """
_base_ = {root!r} + '/configs/_base_/default_runtime.py'
custom_imports = dict(imports=['mmpose_al', 'tests.helpers'])
codec = dict(type='Heatmap2p5D', input_size=(48, 64), heatmap_size=(12, 16), sigma=1)
model = dict(
    type='WeaklySupervisedPose3D', num_views=2,
    multi_view=dict(loss_weight=1.0),
    limbs=dict(limbs=[(5, 7), (11, 13)], mean_lengths=[0.5, 0.8], loss_weight=1.0),
    handedness=dict(triples=[[(11, 12), (13, 11), (15, 13)]], loss_weight=1.0),
    range_weight=1.0,
    network=dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor', mean=[127.0] * 3, std=[60.0] * 3),
        backbone=dict(type='TinyBackbone', norm=False),
        head=dict(type='Heatmap2p5DHead', in_channels=8, out_channels=17, pair=(5, 11),
                  deconv_out_channels=None, decoder=codec, temperature=5.0,
                  init_cfg=dict(type='Normal', layer='Conv2d', std=0.3),
                  loss=dict(type='KeypointMSELoss', use_target_weight=True)),
        train_cfg=dict(compute_acc=False)))
train_set = dict(type='MultiViewCocoDataset', data_root={data!r}, ann_file='train.json',
                 data_prefix=dict(img='images/'))
train_dataloader = dict(
    batch_size={batch}, num_workers=0,
    sampler=dict(type='LabeledGroupSampler', batch_size={batch},
                 num_groups={batch} // 4, num_views=2),
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(train_set, cameras=['camera00', 'camera01']),
        unlabeled=dict(train_set, cameras=['camera02', 'camera03'], poses_3d=False),
        pipeline=[
            dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
            dict(type='RandomBBoxTransform', rotate_factor=30),
            dict(type='TopdownAffine', input_size=codec['input_size']),
            dict(type='InputCamera', pair=(5, 11), root=11),
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs', meta_keys=(
                'id', 'img_id', 'img_path', 'frame_id', 'person_id', 'camera_id',
                'input_K', 'input_dist', 'input_R'))]))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=5)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(by_epoch=False, interval=5))
log_processor = dict(by_epoch=False, window_size=1)
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares CPU processes')
def test_groups_on_two_processes(tmp_path):
    write_benchmark(str(tmp_path / 'data'), 'tiny', workers=1)
    one = two.train(tmp_path, two.alone, 8, CONFIG)
    both = two.train(tmp_path, two.in_two_processes, 4, CONFIG)
    assert one.keys() == both.keys()
    for name, value in one.items():
        assert torch.allclose(value, both[name], atol=1e-4), name
    final = one['network.head.final_layer.bias']
    assert float(final[:17].abs().max()) > 1e-4, 'heatmaps must learn'
    assert float(final[17:].abs().max()) > 1e-4, 'depths must learn'
