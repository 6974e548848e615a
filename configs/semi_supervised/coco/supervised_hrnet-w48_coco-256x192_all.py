"""All labels of train2017, HRNet-W48 (Xie21, Table 3: 77.2 AP)."""
_base_ = ['./supervised_res18_coco-256x192_all.py', '../../_base_/models/hrnet.py']
model = dict(
    backbone=dict(_delete_=True, **_base_.hrnet_w48),
    head=dict(in_channels=48, deconv_out_channels=None))
