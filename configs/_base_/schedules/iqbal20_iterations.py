"""Iqbal20: Adam 5e-4, 60k iterations, a tenth of it from 50k on."""
_base_ = '../default_runtime.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000, val_interval=5000)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-4))
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=60000, milestones=[50000], gamma=0.1,
         by_epoch=False)
]
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=5000),
    logger=dict(interval=50, log_metric_by_epoch=False))
log_processor = dict(by_epoch=False)
