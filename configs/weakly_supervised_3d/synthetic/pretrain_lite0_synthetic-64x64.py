"""2D pre-training with the 2.5D head: images with 2D labels alone (Iqbal20, App. A)."""
_base_ = [
    '../../_base_/models/lite0_2p5d.py', '../../_base_/datasets/synthetic_3d.py',
    '../../_base_/schedules/iterations_cpu.py'
]
# The weight is h w: the squared error of a heatmap is summed over its pixels and
# averaged over joints (docs/studies/weakly_supervised_3d.md, Weights).
model = dict(head=dict(
    out_channels=17, decoder=_base_.codec, pair=_base_.pair, limbs=_base_.limbs,
    mean_lengths=_base_.mean_lengths, loss=dict(loss_weight=32.0 * 32)))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
train_cfg = dict(max_iters=1500, val_interval=1500)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=1500, milestones=[1050, 1350], gamma=0.1,
         by_epoch=False)
]
