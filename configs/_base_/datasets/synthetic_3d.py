"""The embedded, synthetic benchmark for Iqbal20.

    python tools/make_synthetic.py work_dirs/studio --preset studio
    python tools/make_synthetic.py work_dirs/people --preset people --seed 1

`people`, images of sixty persons with 2D labels, stands for MPII in the paper, the rig
of `studio` for Human3.6M; tests are on its views of other people. Nothing is mirrored:
views of one group have to show one world.
"""
_base_ = '../pipelines/camera_keys.py'
dataset_type = 'MultiViewCocoDataset'
data_root, people_root = 'work_dirs/studio/', 'work_dirs/people/'
input_size = (64, 64)
codec = dict(
    type='Heatmap2p5D',
    input_size=input_size,
    heatmap_size=(32, 32),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7)
# COCO has neither neck nor pelvis: left shoulder and left hip.
pair, root = (5, 11), 11
limbs = [(5, 6), (11, 12), (6, 12), (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15),
         (12, 14), (14, 16)]
# tools/analysis/limb_lengths.py on train.json: in mm, and in units of the pair
mean_lengths = [369.5, 188.4, 512.4, 282.6, 255.3, 282.6, 255.3, 427.9, 425.8, 427.9,
                425.8]
unit_lengths = [0.7191, 0.3671, 0.9983, 0.5503, 0.4965, 0.5503, 0.4965, 0.8330, 0.8287,
                0.8330, 0.8287]
# Right-handed in every person, (to, from): the nose is in front of the ears, knees bend
# backwards.
triples = [[(5, 6), ([5, 6], [11, 12]), (0, [3, 4])],
           [(11, 12), (13, 11), (15, 13)],
           [(11, 12), (14, 12), (16, 14)]]

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomBBoxTransform', shift_prob=0, scale_factor=(0.8, 1.2),
         rotate_factor=30, rotate_prob=1.0),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='InputCamera', pair=pair, root=root),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs', meta_keys=_base_.meta_keys)
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='InputCamera', pair=pair, root=root),
    dict(type='PackPoseInputs', meta_keys=_base_.meta_keys)
]
synthetic_set = dict(
    type='MultiViewCocoDataset',
    data_root=data_root,
    data_prefix=dict(img='images/'))
# The sources that the rows of the table put together
labels_2d = dict(
    synthetic_set, data_root=people_root, ann_file='train.json', poses_3d=False)
labels_3d = dict(synthetic_set, ann_file='train.json')
rig = dict(labels_3d, poses_3d=False)

train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(
        type='LabeledUnlabeledDataset',
        labeled=labels_2d,
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
        pipeline=train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=50,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        ann_file='val.json',
        test_mode=True,
        pipeline=val_pipeline,
        **synthetic_set))
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], ann_file='test.json'))
val_evaluator = [
    dict(type='PCK3D', root=['left_hip', 'right_hip']),
    dict(type='EPE'),
    dict(type='JointPCK', thr=0.1, norm='bbox')
]
test_evaluator = val_evaluator
