"""A mouse in a box, seen from above: 1,026 video frames, 120 later ones to validate.

``data_root`` holds ``train.json``, ``val.json`` and ``images/``. The environment variable
MOUSE_ROOT names another folder than ``data/mouse/``, with a slash at its end. A box is the
whole frame, so nothing is added around it, and the metric that tells is ``EPE``, in pixels.
"""
_base_ = ['./mouse_meta.py', '../pipelines/affine_30_64x64.py']
metainfo = {{_base_.dataset_info}}
dataset_type = 'MultiViewCocoDataset'
data_root = '{{$MOUSE_ROOT:data/mouse/}}'
labels = dict(unit='images', num=10, seed=0)

whole = dict(GetBBoxCenterScale=dict(padding=1.0))
turned = dict(RandomBBoxTransform=dict(rotate_factor=180, scale_factor=(0.9, 1.1)))
train_pipeline = [
    dict(step, **{**whole, **turned}.get(step['type'], {})) for step in _base_.train_pipeline]
val_pipeline = [dict(step, **whole.get(step['type'], {})) for step in _base_.val_pipeline]
del whole, turned

train_set = dict(
    type='MultiViewCocoDataset',
    data_root=data_root,
    ann_file='train.json',
    data_prefix=dict(img='images/'),
    metainfo=metainfo,
    labels=labels)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(subset='labeled', **train_set),
        metainfo=metainfo,
        pipeline=train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=50,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='MultiViewCocoDataset',
        data_root=data_root,
        ann_file='val.json',
        data_prefix=dict(img='images/'),
        metainfo=metainfo,
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='JointEPE', prefix='keypoints')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.05, norm='bbox'))
]
test_evaluator = val_evaluator
