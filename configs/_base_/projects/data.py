"""How projects of `mmpose-al new` read their data; the project says where they are.

A pool that has no labels yet has no validation set either: the project sets it to None.
"""
dataset_type = 'MultiViewCocoDataset'
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(type='MultiViewCocoDataset')),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(type='MultiViewCocoDataset', test_mode=True))
test_dataloader = val_dataloader
# The mean error in pixels of the image, and the share within a twentieth of the box.
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='EPE', prefix='px')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.05, norm='bbox'))
]
test_evaluator = val_evaluator
