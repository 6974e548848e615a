"""Trained on MPII alone, tested on Human3.6M: what adaptation must beat (Table 6)."""
_base_ = [
    '../../_base_/models/res18_heatmap.py',
    '../../_base_/datasets/mpii_h36m_256x256.py',
    '../../_base_/schedules/xie21_epochs.py'
]
model = dict(head=dict(out_channels=16, decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='pck/bbox@0.05', rule='greater'))
