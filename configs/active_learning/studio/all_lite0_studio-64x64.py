"""Every frame of the studio rig labelled: the line that active learning aims at."""
_base_ = [
    '../../_base_/models/lite0_heatmap.py', '../../_base_/datasets/studio.py',
    '../../_base_/schedules/iterations_cpu.py'
]
model = dict(head=dict(out_channels=17, decoder=_base_.codec))
train_dataloader = dict(
    batch_size=8,
    dataset=dict(labeled=dict(subset=None, labels=None)))
max_iters = 1200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=max_iters, milestones=[840, 1080], gamma=0.1,
         by_epoch=False)
]
val_evaluator = [
    dict(type='MKPE', threshold=20.0),
    dict(type='CocoMetric', score_mode='keypoint', nms_mode='none'),
    dict(type='JointPCK', thr=0.1, norm='bbox', per_action=True)
]
test_evaluator = val_evaluator
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
