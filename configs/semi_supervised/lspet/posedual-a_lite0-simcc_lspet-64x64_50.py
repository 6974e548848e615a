"""PoseDual of two networks with RTMPose's head, in keypoints: 50 labels, 7,950 without."""
_base_ = './supervised_lite0-simcc_lspet-64x64_50.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(unlabeled=dict(subset='unlabeled', **_base_.train_set)))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
