"""2D pre-training on MPII (Iqbal20, App. A): the row "2d-only" of Table 1."""
_base_ = [
    '../../_base_/models/hrnet.py', '../../_base_/datasets/h36m_3d_256x256.py',
    '../../_base_/schedules/iqbal20_iterations.py'
]
# The weight is h w: the squared error of a heatmap is summed over its pixels and
# averaged over joints (docs/studies/weakly_supervised_3d.md, Weights).
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor', mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=_base_.hrnet_w32,
    head=dict(
        type='Heatmap2p5DHead', in_channels=32, out_channels=17,
        deconv_out_channels=None, pair=_base_.pair, limbs=_base_.limbs,
        mean_lengths=_base_.mean_lengths, decoder=_base_.codec,
        loss=dict(type='KeypointMSELoss', use_target_weight=True,
                  loss_weight=64.0 * 64)),
    train_cfg=dict(compute_acc=False),
    test_cfg=dict(flip_test=False))
