"""Human3.6M as single images, 17 joints, at 256x256: S1, S5-S8 train, S9, S11 test.

PCK within 0.05 of the box stands in for the joint detection rate of Xie21, Table 7.
"""
_base_ = ['./h36m_images.py', '../pipelines/affine_30_256x256.py']
dataset_type = 'MultiViewCocoDataset'

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(
            ann_file='annotation_body2d/h36m_coco_train.json', **_base_.h36m_set),
        metainfo=_base_.h36m_set.metainfo,
        pipeline=_base_.train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        ann_file='annotation_body2d/h36m_coco_test.json',
        test_mode=True,
        pipeline=_base_.val_pipeline,
        **_base_.h36m_set))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PerStudentMetric',
         metric=dict(type='JointPCK', thr=thr, per_joint=True, meta_joints=True))
    for thr in (0.05, 0.1)
]
test_evaluator = val_evaluator
