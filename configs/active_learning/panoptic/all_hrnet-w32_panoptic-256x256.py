"""Every frame labelled (5,008), HRNet-W32: the line that active learning aims at.

The stem and the four stages start from weights of MPII (Feng23, Sec. 5.2).
"""
_base_ = ['./all_res50_panoptic-256x256.py', '../../_base_/models/hrnet.py']
model = dict(
    backbone=dict(
        _delete_=True,
        **dict(_base_.hrnet_w32, init_cfg=dict(
            type='Pretrained', prefix='backbone.',
            checkpoint='https://download.openmmlab.com/mmpose/top_down/hrnet/'
            'hrnet_w32_mpii_256x256-6c4f923f_20200812.pth'))),
    head=dict(in_channels=32, deconv_out_channels=None))
load_from = None
