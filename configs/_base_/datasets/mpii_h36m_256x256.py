"""MPII labelled, Human3.6M unlabelled: adaptation (Xie21, Table 6).

S1 and S5 to S8 train, S9 and S11 test. The network has MPII's 16 joints and is tested
on the 13 that mean the same in Human3.6M.
"""
_base_ = ['./mpii_aic_256x256.py', './h36m_images.py']
unlabeled_set = dict(
    _delete_=True,
    ann_file='annotation_body2d/h36m_coco_train.json',
    need_keypoints=False,
    pipeline=[dict(type='KeypointConverter', num_keypoints=16, mapping=[])],
    **_base_.h36m_set)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/mpii.py'),
        datasets=[
            dict(ann_file='annotation_body2d/h36m_coco_test.json',
                 test_mode=True,
                 pipeline=[
                     dict(type='MapKeypoints',
                          source=dict(from_file='configs/_base_/datasets/h36m.py'),
                          target=dict(from_file='configs/_base_/datasets/mpii.py'),
                          rename=dict(root='pelvis', right_foot='right_ankle',
                                      left_foot='left_ankle'),
                          drop=['spine', 'thorax', 'neck_base', 'head'])
                 ],
                 **_base_.h36m_set)
        ],
        pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PerStudentMetric',
         metric=dict(type='JointPCK', thr=thr, per_joint=True, meta_joints=True))
    for thr in (0.05, 0.1)
]
test_evaluator = val_evaluator
