"""Frames at random; each round trains a PoseDual over the same pool."""
_base_ = './random_lite0_mouse-64x64.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(unlabeled=dict(_base_.train_set, labels=None)))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
