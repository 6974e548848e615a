"""Adaptation: PoseDual A+JC, MPII labelled, Human3.6M unlabelled (Xie21, Table 6)."""
_base_ = './supervised_res18_mpii-h36m-256x256_all.py'
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
