"""PoseDual, affine views (Xie21, "Ours (Dual)", A): 10 labels, 1,016 frames without."""
_base_ = './supervised_lite0_mouse-64x64_10.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(unlabeled=dict(subset='unlabeled', **_base_.train_set)))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
