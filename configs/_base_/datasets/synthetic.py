"""The embedded, synthetic benchmark (``tools/make_synthetic.py``): few labelled images.

``data_root`` holds ``train.json``, ``val.json``, ``test.json`` and ``images/``.
"""
_base_ = '../pipelines/affine_30_64x64.py'
dataset_type = 'MultiViewCocoDataset'
data_root = 'work_dirs/quickstart/data/'
labels = dict(unit='images', num=60, seed=0)

train_set = dict(
    type='MultiViewCocoDataset',
    data_root=data_root,
    ann_file='train.json',
    data_prefix=dict(img='images/'),
    labels=labels)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(subset='labeled', **train_set),
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
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
        test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], ann_file='test.json'))
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='CocoMetric', score_mode='keypoint',
                                              nms_mode='none')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.1, norm='bbox',
                                              per_action=True))
]
test_evaluator = val_evaluator
