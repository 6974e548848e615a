"""PoseDual A+JC of two HRNet-W48 with DARK coordinates (Xie21, Table 4, "+DARK")."""
_base_ = './posedual-a-jc_hrnet-w48_coco-256x192_10k.py'
codec = dict(_base_.codec, unbiased=True)
model = dict(students=dict(head=dict(decoder=codec)))
train_dataloader = dict(
    dataset=dict(
        pipeline=_base_.train_pipeline[:-2]
        + [dict(type='GenerateTarget', encoder=codec), dict(type='PackPoseInputs')]))
