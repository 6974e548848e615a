"""PoseDual of two ViTs of timm: 50 labels, 7,950 without.

Weights on the disk: ``--cfg-options model.students.backbone.weights=FILE.safetensors``.
"""
_base_ = './supervised_vit-tiny_lspet-64x64_50.py'
model = dict(
    _delete_=True, type='PoseDual', backbone=dict(), students=_base_.model)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(unlabeled=dict(subset='unlabeled', **_base_.train_set)))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
