"""A short schedule, counted in optimiser steps, for networks that a CPU trains."""
_base_ = '../default_runtime.py'
max_iters = 1000
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=200)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=max_iters,
         milestones=[max_iters * 7 // 10, max_iters * 9 // 10],
         gamma=0.1, by_epoch=False)
]
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=100),
    logger=dict(interval=20, log_metric_by_epoch=False))
log_processor = dict(by_epoch=False, window_size=20)
