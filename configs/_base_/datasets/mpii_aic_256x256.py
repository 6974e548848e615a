"""MPII labelled, AI Challenger unlabelled, at 256x256 (Xie21, Sec. 6.1); PCKh@0.5.

``aic_labeled`` is for comparison: the labels of AI Challenger, whose neck stands where
MPII's upper neck is.
"""
_base_ = ['./aic_images.py', '../pipelines/affine_30_256x256.py']
dataset_type = 'MpiiDataset'
data_root = 'data/mpii/'

unlabeled_set = dict(
    need_keypoints=False,
    pipeline=[dict(type='KeypointConverter', num_keypoints=16, mapping=[])],
    **_base_.aic_set)
aic_labeled = dict(
    pipeline=[
        dict(type='MapKeypoints',
             source=dict(from_file='configs/_base_/datasets/aic.py'),
             target=dict(from_file='configs/_base_/datasets/mpii.py'),
             rename=dict(neck='upper_neck'))
    ],
    **_base_.aic_set)
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(
            type=dataset_type,
            data_root=data_root,
            ann_file='annotations/mpii_train.json',
            data_prefix=dict(img='images/')),
        metainfo=dict(from_file='configs/_base_/datasets/mpii.py'),
        pipeline=_base_.train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_val.json',
        headbox_file=data_root + 'annotations/mpii_gt_val.mat',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
# MMPose's PCKh, for tables beside others', and ours; JointPCK says how they differ
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='MpiiPCKAccuracy')),
    dict(type='PerStudentMetric',
         metric=dict(type='JointPCK', thr=0.5, norm='head', per_joint=True,
                     meta_joints=True))
]
test_evaluator = val_evaluator
