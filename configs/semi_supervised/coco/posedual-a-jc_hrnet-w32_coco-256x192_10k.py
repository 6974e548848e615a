"""PoseDual A+JC, 10,000 labelled instances, two HRNet-W32."""
_base_ = [
    './posedual-a-jc_res18_coco-256x192_10k.py', '../../_base_/models/hrnet.py'
]
model = dict(
    students=dict(
        backbone=dict(_delete_=True, **_base_.hrnet_w32),
        head=dict(in_channels=32, deconv_out_channels=None)))
