"""MPII alone, HRNet-W32 (Xie21, Table 5, Sun et al.: 92.3 PCKh on the test set)."""
_base_ = ['./supervised_res18_mpii-256x256_all.py', '../../_base_/models/hrnet.py']
model = dict(
    backbone=dict(_delete_=True, **_base_.hrnet_w32),
    head=dict(in_channels=32, deconv_out_channels=None))
