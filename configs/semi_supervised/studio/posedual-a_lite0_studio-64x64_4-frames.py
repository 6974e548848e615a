"""PoseDual, affine views: 4 labelled frames of the studio, the others unlabelled."""
_base_ = './supervised_lite0_studio-64x64_4-frames.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model,
    hard_view=dict(rotation=60, scale=(0.75, 1.25)),
    start=600)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(unlabeled=dict(_base_.train_set, subset='unlabeled', labels=_base_.labels)))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
