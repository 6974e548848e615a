"""Every frame of the synthetic rig labelled: the line that active learning aims at."""
_base_ = [
    '../../_base_/models/lite0_heatmap.py', '../../_base_/datasets/synthetic.py',
    '../../_base_/schedules/iterations_cpu.py'
]
model = dict(head=dict(out_channels=17, decoder=_base_.codec))
# Small batches: a round takes a CPU about a minute.
train_dataloader = dict(
    batch_size=8,
    dataset=dict(labeled=dict(subset=None, labels=None)))
train_cfg = dict(max_iters=400, val_interval=400)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=400, milestones=[280, 360], gamma=0.1,
         by_epoch=False)
]
val_evaluator = [
    dict(type='MKPE', threshold=20.0),
    dict(type='JointPCK', thr=0.1, norm='bbox', per_action=True)
]
test_evaluator = val_evaluator
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
