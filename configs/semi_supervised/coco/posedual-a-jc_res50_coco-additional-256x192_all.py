"""PoseDual A+JC, train2017 and unlabeled2017, ResNet50 (Xie21, Table 3: 73.9 AP)."""
_base_ = './supervised_res50_coco-256x192_all.py'
model = dict(
    _delete_=True,
    type='PoseDual',
    backbone=dict(),
    students=_base_.model,
    hard_augments=[dict(type='JointCutout', num_joints=5)])
train_dataloader = dict(
    batch_size=64,
    dataset=dict(unlabeled=_base_.unlabeled_set))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
