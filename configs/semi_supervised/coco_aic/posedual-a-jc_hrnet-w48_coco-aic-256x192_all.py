"""PoseDual A+JC, train2017, unlabelled COCO and AI Challenger, HRNet-W48."""
_base_ = [
    './posedual-a-jc_res50_coco-aic-256x192_all.py', '../../_base_/models/hrnet.py'
]
model = dict(
    students=dict(
        backbone=dict(_delete_=True, **_base_.hrnet_w48),
        head=dict(in_channels=48, deconv_out_channels=None)))
