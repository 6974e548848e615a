"""LSP Extended: few labelled images, the rest of the training set unlabelled.

``data_root`` holds ``train.json``, ``val.json`` and ``images/``. The environment variable
LSPET_ROOT names another folder than ``data/lspet/``, with a slash at its end.
"""
_base_ = ['./lspet_meta.py', '../pipelines/affine_30_64x64.py']
metainfo = {{_base_.dataset_info}}
dataset_type = 'MultiViewCocoDataset'
data_root = '{{$LSPET_ROOT:data/lspet/}}'
labels = dict(unit='instances', num=50, seed=0)

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
        pipeline=_base_.train_pipeline),
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
        on_bad='skip',
        test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PerStudentMetric',
         metric=dict(type='JointPCK', thr=0.2, norm='torso')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.1, norm='bbox'))
]
test_evaluator = val_evaluator
