"""COCO: images on which two students disagree; a round trains PoseDual on the pool."""
_base_ = './random_res18_coco-256x192.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model)
train_dataloader = dict(
    batch_size=64,
    dataset=dict(unlabeled=dict(_base_.train_set, labels=None)))
active_learning = dict(strategy=dict(type='CommitteeDisagreement'))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
