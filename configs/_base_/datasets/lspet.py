"""LSP Extended: few labelled images, the rest of the training set unlabelled.

``data_root`` holds ``train.json``, ``val.json`` and ``images/``. The environment variable
LSPET_ROOT names another folder than ``data/lspet/``, with a slash at its end.
"""
_base_ = './lspet_meta.py'
metainfo = {{_base_.dataset_info}}
data_root = '{{$LSPET_ROOT:data/lspet/}}'
input_size = (64, 64)
codec = dict(
    type='MSRAHeatmap',
    input_size=input_size,
    heatmap_size=(32, 32),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7)
labels = dict(unit='instances', num=50, seed=0)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    # Affine 30 of Xie21: the easy view
    dict(type='RandomBBoxTransform', shift_prob=0, scale_factor=(0.75, 1.25),
         rotate_factor=30, rotate_prob=1.0),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs')
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='PackPoseInputs')
]
train_set = dict(
    type='MultiViewCocoDataset',
    data_root=data_root,
    ann_file='train.json',
    data_prefix=dict(img='images/'),
    metainfo=metainfo,
    on_bad='skip',
    labels=labels)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(subset='labeled', **train_set),
        metainfo=metainfo,
        pipeline=train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler', batch_size=16))
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
        on_bad='skip',
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PerStudentMetric',
         metric=dict(type='JointPCK', thr=0.2, norm='torso')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.1, norm='bbox'))
]
test_evaluator = val_evaluator
