"""PoseDual A+JC of two HRNet-W48 with UDP (Xie21, Table 4)."""
_base_ = './posedual-a-jc_hrnet-w48_coco-256x192_10k.py'
codec = dict(_base_.codec, type='UDPHeatmap')
crop = dict(type='TopdownAffine', input_size=_base_.input_size, use_udp=True)
model = dict(students=dict(head=dict(decoder=codec)))
train_dataloader = dict(
    dataset=dict(
        pipeline=_base_.train_pipeline[:-3] + [
            crop,
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs')
        ]))
val_dataloader = dict(
    dataset=dict(
        pipeline=_base_.val_pipeline[:-2] + [crop, dict(type='PackPoseInputs')]))
test_dataloader = val_dataloader
