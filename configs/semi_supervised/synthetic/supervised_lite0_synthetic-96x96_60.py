"""Synthetic benchmark ``small``: 60 labelled images alone."""
_base_ = [
    '../../_base_/models/lite0_heatmap.py', '../../_base_/datasets/synthetic.py',
    '../../_base_/schedules/iterations_cpu.py'
]
model = dict(head=dict(out_channels=17, decoder=_base_.codec))
custom_hooks = _base_.custom_hooks + [dict(type='ChannelsLastHook')]
