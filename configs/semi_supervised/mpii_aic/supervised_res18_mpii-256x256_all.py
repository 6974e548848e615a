"""MPII alone."""
_base_ = [
    '../../_base_/models/res18_heatmap.py',
    '../../_base_/datasets/mpii_aic_256x256.py',
    '../../_base_/schedules/xie21_epochs.py'
]
model = dict(head=dict(out_channels=16, decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='PCK', rule='greater'))
