"""What projects of `mmpose-al new` train: a small network at 256x256, by a short schedule."""
_base_ = [
    '../models/lite0_heatmap.py', '../pipelines/affine_30_256x256.py',
    '../schedules/iterations_cpu.py', './data.py'
]
# Two upsampling layers: heatmaps of a quarter of the input.
model = dict(
    head=dict(
        deconv_out_channels=(64, 64), deconv_kernel_sizes=(4, 4), decoder=_base_.codec))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
