"""Frames whose views disagree; each round trains a PoseDual over the same pool."""
_base_ = './mvc_lite0_synthetic-64x64.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model,
    hard_view=dict(rotation=60, scale=(0.75, 1.25)),
    start=200)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(unlabeled=dict(_base_.train_set, labels=None)))
val_evaluator = [
    dict(type='PerStudentMetric', metric=metric) for metric in _base_.val_evaluator
]
test_evaluator = val_evaluator
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
