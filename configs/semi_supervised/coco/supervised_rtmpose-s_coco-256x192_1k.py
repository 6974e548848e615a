"""RTMPose-s on 1,000 labelled person instances alone. Not in a paper."""
_base_ = [
    '../../_base_/models/rtmpose_s.py',
    '../../_base_/datasets/coco_semi_256x192.py',
    '../../_base_/schedules/xie21_epochs.py'
]
codec = _base_.simcc
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(step, **dict(GenerateTarget=dict(encoder=codec)).get(step.type, {}))
            for step in _base_.train_pipeline]))
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
