"""RTMPose-s for COCO at 256x192: CSPNeXt pretrained on ImageNet, no poses in its weights."""
_base_ = './simcc_64x64.py'
simcc = dict(_base_.simcc, input_size=(192, 256), sigma=(4.9, 5.66))
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        type='CSPNeXt',
        arch='P5',
        expand_ratio=0.5,
        deepen_factor=0.33,
        widen_factor=0.5,
        out_indices=(4, ),
        channel_attention=True,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='SiLU'),
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint='https://download.openmmlab.com/mmdetection/v3.0/rtmdet/'
            'cspnext_rsb_pretrain/cspnext-s_imagenet_600e.pth')),
    head=dict(
        _base_.simcc_head,
        in_channels=512,
        input_size=(192, 256),
        in_featuremap_size=(6, 8),
        final_layer_kernel_size=7,
        gau_cfg=dict(_base_.simcc_head.gau_cfg, hidden_dims=256, s=128),
        decoder=simcc),
    test_cfg=dict(flip_test=False))
