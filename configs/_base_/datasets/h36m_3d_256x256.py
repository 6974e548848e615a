"""Human3.6M, MPI-INF-3DHP, MannequinChallenge and MPII for Iqbal20, at 256x256.

The network has Human3.6M's 17 joints. MPII labels 15 of them (its upper neck is left
out: Human3.6M has the nose there, and the spine is in Human3.6M alone); tests count
these 15. The multi-view files are those of tools/dataset_converters.
Nothing is mirrored.
"""
_base_ = '../pipelines/camera_keys.py'
dataset_type = 'MultiViewCocoDataset'
input_size = (256, 256)
codec = dict(type='Heatmap2p5D', input_size=input_size, heatmap_size=(64, 64), sigma=2)
h36m_meta = dict(from_file='configs/_base_/datasets/h36m.py')
mpii_meta = dict(from_file='configs/_base_/datasets/mpii.py')
# Neck (thorax) and pelvis (root)
pair, root = (8, 0), 0
limbs = [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (8, 11), (11, 12), (12, 13),
         (8, 14), (14, 15), (15, 16), (8, 10)]
# Round lengths of an adult in mm, and in units of the pair. Take those of your training
# file: tools/analysis/limb_lengths.py data/h36m/annotations/h36m_multiview_train.json
mean_lengths = [133, 443, 454, 133, 443, 454, 150, 279, 252, 150, 279, 252, 230]
unit_lengths = [0.27, 0.91, 0.93, 0.27, 0.91, 0.93, 0.31, 0.57, 0.52, 0.31, 0.57, 0.52,
                0.47]
# Right-handed in every person: knees bend backwards
triples = [[(4, 1), (5, 4), (6, 5)], [(4, 1), (2, 1), (3, 2)]]
tested_joints = ['root', 'right_hip', 'right_knee', 'right_foot', 'left_hip',
                 'left_knee', 'left_foot', 'thorax', 'head', 'left_shoulder',
                 'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow',
                 'right_wrist']

# The person fills 75 % of the crop; rotation within 30 degrees, scale within 20 %.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.33),
    dict(type='RandomBBoxTransform', shift_prob=0, scale_factor=(0.8, 1.2),
         rotate_factor=30, rotate_prob=1.0),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='InputCamera', pair=pair, root=root, optional=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs', meta_keys=_base_.meta_keys)
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.33),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='InputCamera', pair=pair, root=root),
    dict(type='PackPoseInputs', meta_keys=_base_.meta_keys)
]
mpii = dict(
    type='MpiiDataset',
    data_root='data/mpii/',
    ann_file='annotations/mpii_train.json',
    data_prefix=dict(img='images/'),
    pipeline=[dict(type='MapKeypoints', source=mpii_meta, target=h36m_meta,
                   rename=dict(pelvis='root', right_ankle='right_foot',
                               left_ankle='left_foot', head_top='head'),
                   drop=['upper_neck'])])
h36m_set = dict(
    type='MultiViewCocoDataset',
    metainfo=h36m_meta,
    data_root='data/h36m/',
    data_prefix=dict(img='images/'),
    on_bad='skip')
h36m_train = dict(ann_file='annotations/h36m_multiview_train.json', **h36m_set)
h36m_rig = dict(poses_3d=False, **h36m_train)
no_keypoints = [dict(type='KeypointConverter', num_keypoints=17, mapping=[])]
# Five cameras at chest height
dhp_rig = dict(
    type='MultiViewCocoDataset',
    metainfo=dict(from_file='configs/_base_/datasets/mpi_inf_3dhp.py'),
    data_root='data/mpi_inf_3dhp/',
    ann_file='annotations/mpi_inf_3dhp_multiview_train.json',
    data_prefix=dict(img='images/'),
    cameras=['Cam0', 'Cam2', 'Cam4', 'Cam7', 'Cam8'],
    poses_3d=False,
    on_bad='skip',
    pipeline=no_keypoints)
mannequin = dict(
    type='MultiViewCocoDataset',
    metainfo=mpii_meta,
    data_root='data/mannequin/',
    ann_file='annotations/mannequin_multiview_train.json',
    data_prefix=dict(img='images/'),
    poses_3d=False,
    on_bad='skip',
    pipeline=no_keypoints)

train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    dataset=dict(
        type='LabeledUnlabeledDataset', labeled=mpii, metainfo=h36m_meta,
        pipeline=train_pipeline),
    sampler=dict(type='LabeledUnlabeledSampler'),
    batch_sampler=dict(type='MixedBatchSampler'))
val_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        ann_file='annotations/h36m_multiview_test.json',
        test_mode=True,
        pipeline=val_pipeline,
        **h36m_set))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PCK3D', root='root', joints=tested_joints, per_action=True),
    dict(type='JointEPE', joints=tested_joints)
]
test_evaluator = val_evaluator
# The test set of MPI-INF-3DHP (Table 3): 14 joints, the pelvis only aligns
dhp_test_dataset = dict(
    type='CombinedDataset',
    metainfo=h36m_meta,
    datasets=[
        dict(type='MultiViewCocoDataset',
             metainfo=dict(from_file='configs/_base_/datasets/mpi_inf_3dhp.py'),
             data_root='data/mpi_inf_3dhp/',
             ann_file='annotations/mpi_inf_3dhp_multiview_test.json',
             data_prefix=dict(img='images/'),
             test_mode=True,
             on_bad='skip',
             pipeline=[
                 dict(type='MapKeypoints',
                      source=dict(from_file='configs/_base_/datasets/mpi_inf_3dhp.py'),
                      target=h36m_meta,
                      rename=dict(neck='thorax', head_top='head',
                                  right_ankle='right_foot', left_ankle='left_foot'),
                      drop=['head'])
             ])
    ],
    pipeline=val_pipeline[:-1] + [
        dict(type='PackPoseInputs',
             meta_keys=_base_.meta_keys + ('camera', 'pose_3d', 'action'))
    ])
dhp_evaluator = [
    dict(type='PCK3D', root='root', joints=tested_joints[1:]),
    dict(type='JointEPE', joints=tested_joints[1:])
]
