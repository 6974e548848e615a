"""10 labels alone: what a semi-supervised method must beat."""
_base_ = [
    '../../_base_/models/lite0_heatmap.py', '../../_base_/datasets/mouse.py',
    '../../_base_/schedules/iterations_cpu.py'
]
model = dict(head=dict(out_channels=9, decoder=_base_.codec))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
