"""Synthetic benchmark ``small``: 60 labelled images alone."""
_base_ = [
    '../../_base_/models/lite0_heatmap.py', '../../_base_/datasets/synthetic.py',
    '../../_base_/schedules/iterations_cpu.py'
]
model = dict(head=dict(out_channels=17, decoder=_base_.codec))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
# Small batches: the quickstart ends in minutes.
train_dataloader = dict(batch_size=8)
max_iters = 1200
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=max_iters, milestones=[840, 1080], gamma=0.1,
         by_epoch=False)
]
