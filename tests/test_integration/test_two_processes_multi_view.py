"""MultiViewPoseDual: two processes equal one with the double batch; exact resume."""

import json

import pytest
import torch

from mmpose_al.synthetic import write_benchmark
from tests.test_integration import test_two_processes as two

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
model = dict(type='MultiViewPoseDual', students=network, num_views=3, min_inliers=2,
             threshold=4.0, weight='inliers',
             hard_augments=[dict(type='JointCutout', num_joints=3)])
train_set = dict(type='MultiViewCocoDataset', data_root={data!r}, ann_file='train.json',
                 data_prefix=dict(img='images/'))
train_dataloader = dict(
    batch_size={batch}, num_workers=0,
    sampler=dict(type='LabeledGroupSampler', batch_size={batch},
                 num_groups={batch} // 4, num_views=3),
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(train_set, cameras=['camera00']),
        unlabeled=dict(train_set, cameras=['camera01', 'camera02', 'camera03'],
                       poses_3d=False),
        pipeline=[
            dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
            dict(type='RandomFlip', direction='horizontal'),
            dict(type='RandomBBoxTransform', rotate_factor=30),
            dict(type='TopdownAffine', input_size=codec['input_size']),
            dict(type='InputCamera'),
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs', meta_keys=(
                'id', 'img_id', 'img_path', 'flip', 'flip_indices', 'frame_id', 'person_id',
                'input_K', 'input_dist', 'input_R', 'input_t'))]))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=5)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=1.0, momentum=0.9))
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(by_epoch=False, interval=3))
log_processor = dict(by_epoch=False, window_size=1)
"""


def shares_taught(work):
    """Of each run in a folder, oldest first, and each of its steps: joints with a lesson."""
    logs = sorted(work.glob('*/vis_data/scalars.json'))
    return [[json.loads(line)['taught'] for line in log.open()] for log in logs]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The folder of a small rig and the weights that one process trains on it."""
    folder = tmp_path_factory.mktemp('rig')
    write_benchmark(str(folder / 'data'), 'tiny', workers=1)
    weights = two.train(folder, two.alone, 8, CONFIG)
    (taught,) = shares_taught(folder / 'work8')
    assert len(taught) == 5 and all(0.05 < share < 0.95 for share in taught), 'cameras must teach'
    return folder, weights


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares CPU processes')
def test_two_processes_equal_one_with_the_double_batch(trained):
    folder, one = trained
    both = two.train(folder, two.in_two_processes, 4, CONFIG)
    assert one.keys() == both.keys()
    for name, value in one.items():
        assert torch.allclose(value, both[name], atol=1e-4), name


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares CPU processes')
def test_a_resumed_run_is_the_unbroken_one(trained):
    """To the last bit: broken off after the checkpoint of step 3, the run ends alike."""
    folder, whole = trained
    work = folder / 'work8'
    (work / 'iter_5.pth').unlink()
    (work / 'last_checkpoint').write_text(str(work / 'iter_3.pth'))
    again = two.train(folder, two.resumed, 8, CONFIG)
    first, second = shares_taught(work)
    assert second == first[3:]
    assert whole.keys() == again.keys()
    for name, value in whole.items():
        assert torch.equal(value, again[name]), name
