"""Every frame labelled (12,123), PoseResNet-50: the line that active learning aims at.

All weights start from a normal distribution (Feng23, Sec. 5.2).
"""
_base_ = [
    '../../_base_/models/res50_heatmap.py',
    '../../_base_/datasets/interhand_multiview.py',
    '../../_base_/schedules/feng23_rounds.py'
]
model = dict(
    backbone=dict(init_cfg=[
        dict(type='Kaiming', layer='Conv2d', distribution='normal'),
        dict(type='Constant', layer='BatchNorm2d', val=1)
    ]),
    head=dict(out_channels=42, decoder=_base_.codec))
