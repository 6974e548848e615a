"""EfficientNet-Lite0 to stride 16, ImageNet weights, a slim head: a CPU trains it.

A config that inherits from this gives the head its ``out_channels`` and ``decoder``.
"""
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[127.0, 127.0, 127.0],
        std=[128.0, 128.0, 128.0],
        bgr_to_rgb=True),
    backbone=dict(type='EfficientNetLite0', pretrained=True, out_indices=(3, )),
    head=dict(
        type='HeatmapHead',
        in_channels=112,
        out_channels=17,
        deconv_out_channels=(64, 64, 64),
        deconv_kernel_sizes=(4, 4, 4),
        loss=dict(type='KeypointMSELoss', use_target_weight=True)),
    train_cfg=dict(compute_acc=False),
    test_cfg=dict(flip_test=False))
