"""The embedded, synthetic benchmark (``tools/make_synthetic.py``): few labelled images.

``data_root`` holds ``train.json``, ``val.json``, ``test.json`` and ``images/``.
"""
data_root = 'work_dirs/quickstart/data/'
input_size = (64, 64)
codec = dict(
    type='MSRAHeatmap',
    input_size=input_size,
    heatmap_size=(32, 32),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7)
labels = dict(unit='images', num=60, seed=0)

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
    labels=labels)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=dict(subset='labeled', **train_set),
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
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], ann_file='test.json'))
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='CocoMetric', score_mode='keypoint',
                                              nms_mode='none')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.1, norm='bbox',
                                              per_action=True))
]
test_evaluator = val_evaluator
