"""PoseDual A+JC, HRNet-W32 (Xie21, Table 5: 93.0 PCKh@0.5 on the test set)."""
_base_ = [
    './posedual-a-jc_res18_mpii-aic-256x256_all.py', '../../_base_/models/hrnet.py'
]
model = dict(
    students=dict(
        backbone=dict(_delete_=True, **_base_.hrnet_w32),
        head=dict(in_channels=32, deconv_out_channels=None)))
