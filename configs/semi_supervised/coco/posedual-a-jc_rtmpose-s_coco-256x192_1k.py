"""PoseDual A+JC of two RTMPose-s, in keypoints: 1,000 labels. Not in a paper."""
_base_ = './supervised_rtmpose-s_coco-256x192_1k.py'
model = dict(
    _delete_=True,
    type='PoseDual',
    backbone=dict(),
    students=_base_.model,
    hard_augments=[dict(type='JointCutout', num_joints=5)])
train_dataloader = dict(
    batch_size=64,
    dataset=dict(unlabeled=dict(subset='unlabeled', **_base_.train_set)))
custom_hooks = _base_.custom_hooks + [dict(type='CollapseMonitorHook')]
