"""A rig, a 2.5D network and batches of groups of views, for tests in 3D."""

import torch
from mmpose.registry import DATA_SAMPLERS, DATASETS

from tests.helpers import PREPROCESSOR

PAIR, ROOT = (5, 11), 11  # left shoulder and hip of COCO
SIZE, MAP = (64, 96), (16, 24)
CODEC = dict(
    type='Heatmap2p5D',
    input_size=SIZE,
    heatmap_size=MAP,
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7,
)
META = (
    'id',
    'img_id',
    'img_path',
    'ori_shape',
    'input_size',
    'input_center',
    'input_scale',
    'flip',
    'flip_indices',
    'frame_id',
    'person_id',
    'camera_id',
    'input_K',
    'input_dist',
    'input_R',
    'pose_3d',
    'camera',
    'is_labeled',
    'aug_seed',
)


def network(num_joints=17, norm=True, **head):
    return dict(
        type='TopdownPoseEstimator',
        data_preprocessor=PREPROCESSOR,
        backbone=dict(type='TinyBackbone', channels=8, norm=norm),
        head=dict(
            type='Heatmap2p5DHead',
            in_channels=8,
            out_channels=num_joints,
            pair=PAIR,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=CODEC,
            **head,
        ),
        test_cfg=dict(flip_test=False),
    )


def pipeline(flip=0.0, rotation=0.0):
    return [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale', padding=1.25),
        dict(type='RandomFlip', prob=flip),
        dict(
            type='RandomBBoxTransform',
            shift_prob=0,
            scale_factor=(0.8, 1.2),
            rotate_factor=rotation,
            rotate_prob=1.0,
        ),
        dict(type='TopdownAffine', input_size=SIZE),
        dict(type='InputCamera', pair=PAIR, root=ROOT),
        dict(type='GenerateTarget', encoder=CODEC),
        dict(type='PackPoseInputs', meta_keys=META),
    ]


def dataset(tiny, unlabeled=True, **kwargs):
    source = dict(
        type='MultiViewCocoDataset',
        data_root=tiny,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
    )
    labels = dict(labels=dict(unit='frames', num=1, seed=0))
    return DATASETS.build(
        dict(
            type='LabeledUnlabeledDataset',
            labeled=dict(source, subset='labeled', **labels),
            unlabeled=dict(source, subset='unlabeled', **labels) if unlabeled else None,
            pipeline=pipeline(**kwargs),
        )
    )


def batch_of(tiny, num_groups=1, num_views=3, labeled=2, **kwargs):
    data = dataset(tiny, **kwargs)
    size = labeled + num_groups * num_views
    sampler = DATA_SAMPLERS.build(
        dict(
            type='LabeledGroupSampler',
            batch_size=size,
            num_groups=num_groups,
            num_views=num_views,
            seed=0,
        ),
        default_args=dict(dataset=data),
    )
    indices = [i for _, i in zip(range(size), iter(sampler))]
    samples = [data[i] for i in indices]
    return (
        torch.stack([s['inputs'].float() / 255 for s in samples]),
        [s['data_samples'] for s in samples],
        sampler,
        data,
    )
