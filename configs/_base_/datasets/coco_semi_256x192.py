"""COCO keypoints at 256x192: some person instances labelled, the rest not (Xie21).

``labels`` is the key that the 1K, 5K and 10K configs change.
"""
_base_ = '../pipelines/affine_30_256x192.py'
dataset_type = 'CocoDataset'
data_root = 'data/coco/'
labels = dict(unit='instances', num=1000, seed=0)

train_set = dict(
    type='MultiViewCocoDataset',
    data_root=data_root,
    ann_file='annotations/person_keypoints_train2017.json',
    data_prefix=dict(img='train2017/'),
    on_bad='skip',
    labels=labels)
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(subset='labeled', **train_set),
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
        pipeline=_base_.train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
# Ground-truth boxes and no flip, as in the paper's tables.
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/person_keypoints_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='CocoMetric')),
    dict(type='PerStudentMetric',
         metric=dict(type='JointPCK', thr=0.1, per_joint=True, meta_joints=True))
]
test_evaluator = val_evaluator
