"""PoseDual A+JC of two networks that differ (Xie21, Table 2, with A: 62.5, 66.8 AP)."""
_base_ = [
    './posedual-a-jc_res18_coco-256x192_10k.py', '../../_base_/models/hrnet.py'
]
res18 = _base_.model.students
model = dict(
    students=[
        res18,
        dict(res18,
             backbone=_base_.hrnet_w48,
             head=dict(res18['head'], in_channels=48, deconv_out_channels=None))
    ])
