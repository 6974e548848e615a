"""Xie21, Sec. 6.1: Adam 1e-3, drops at epochs 70 and 90 of 100.

An epoch is one pass over the unlabelled set.
"""
_base_ = '../default_runtime.py'
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=10)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=100, milestones=[70, 90], gamma=0.1,
         by_epoch=True)
]
