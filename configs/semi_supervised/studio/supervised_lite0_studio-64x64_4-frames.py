"""Synthetic studio: 4 labelled frames, each in all 8 views, alone."""
_base_ = [
    '../../_base_/models/lite0_heatmap.py', '../../_base_/datasets/studio.py',
    '../../_base_/schedules/iterations_cpu.py'
]
labels = dict(unit='frames', num=4, seed=0)
model = dict(head=dict(out_channels=17, decoder=_base_.codec))
train_dataloader = dict(
    batch_size=8,
    dataset=dict(labeled=dict(labels=labels)))
max_iters = 1200
train_cfg = dict(max_iters=max_iters, val_interval=400)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=max_iters, milestones=[840, 1080], gamma=0.1,
         by_epoch=False)
]
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
