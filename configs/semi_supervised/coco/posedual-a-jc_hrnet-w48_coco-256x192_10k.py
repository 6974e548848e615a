"""PoseDual A+JC, 10,000 labels, two HRNet-W48 (Xie21, Table 2, with A: 67.9 AP)."""
_base_ = [
    './posedual-a-jc_res18_coco-256x192_10k.py', '../../_base_/models/hrnet.py'
]
model = dict(
    students=dict(
        backbone=dict(_delete_=True, **_base_.hrnet_w48),
        head=dict(in_channels=48, deconv_out_channels=None)))
