"""PoseDual, affine views: 4 labelled frames of ``small``, the others unlabelled."""
_base_ = './supervised_lite0_synthetic-64x64_4-frames.py'
model = dict(_delete_=True, type='PoseDual', students=_base_.model)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(unlabeled=dict(subset='unlabeled', **_base_.train_set)),
    sampler=dict(batch_size=32))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
