"""Every frame labelled (5,008), PoseResNet-50: the line that active learning aims at.

All layers but the last start from weights of MPII (Feng23, Sec. 5.2).
"""
_base_ = [
    '../../_base_/models/res50_heatmap.py',
    '../../_base_/datasets/panoptic_multiview.py',
    '../../_base_/schedules/feng23_rounds.py'
]
model = dict(
    backbone=dict(init_cfg=None),
    head=dict(out_channels=19, decoder=_base_.codec))
load_from = (
    'https://download.openmmlab.com/mmpose/top_down/resnet/'
    'res50_mpii_256x256-418ffc88_20200812.pth')
load_cfg = dict(leave_out=['head.final_layer'])
