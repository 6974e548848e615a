"""Feng23, Sec. 5.2: 5,000 optimiser steps, Adam 1e-3, a tenth of it from the midpoint.

A fully supervised run; ``round_cfg`` is the same as a round of active learning.
"""
_base_ = '../default_runtime.py'
round_cfg = dict(type='IterBasedTrainLoop', max_iters=5000, val_interval=5000)
train_cfg = round_cfg
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=5000, milestones=[2500], gamma=0.1,
         by_epoch=False)
]
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=500),
    logger=dict(log_metric_by_epoch=False))
log_processor = dict(by_epoch=False)
