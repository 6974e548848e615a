"""CMU Panoptic as `panoptic2multiview.py` leaves it, 19 joints.

Feng23, Sec. 5.1: 7/1/1 sequences, 1 fps; 8 eye-level cameras for training, 30 for test.
The paper tells neither the input size nor the sequences: 256x256 is that of the MPII
weights it starts from. Rounds are evaluated on test.json, as in its figures; nothing is
chosen by it. val.json is for tuning.
"""
_base_ = '../pipelines/affine_30_256x256.py'
dataset_type = 'MultiViewCocoDataset'
data_root = 'data/panoptic/'
metainfo = dict(from_file='configs/_base_/datasets/panoptic_body3d.py')
# Sec. 5.3: the strategies are compared without any augmentation.
train_pipeline = _base_.train_pipeline[:2] + _base_.train_pipeline[4:]
# Appendix C: two of ten operations; turned images have turned targets.
rand_augment_pipeline = train_pipeline[:3] + [
    dict(type='PoseRandAugment', num_ops=2)] + train_pipeline[3:]

train_set = dict(
    type='MultiViewCocoDataset',
    data_root=data_root,
    ann_file='annotations/train.json',
    data_prefix=dict(img=''),
    metainfo=metainfo)
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=train_set,
        metainfo=metainfo,
        pipeline=train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        train_set, ann_file='annotations/test.json', test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='MKPE', threshold=20.0),
    dict(type='JointPCK', thr=0.1, norm='bbox')
]
test_evaluator = val_evaluator
