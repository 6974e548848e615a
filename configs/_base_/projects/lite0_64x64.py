"""What projects of `mmpose-al new` train: a small network at 64x64, by a short schedule."""
_base_ = [
    '../models/lite0_heatmap.py', '../pipelines/affine_30_64x64.py',
    '../schedules/iterations_cpu.py', './data.py'
]
model = dict(head=dict(decoder=_base_.codec))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
