"""The synthetic benchmark's preset ``studio``: people in 8 views, without clutter.

    mmpose-al synthetic work_dirs/studio --preset studio
"""
_base_ = './synthetic.py'
data_root = 'work_dirs/studio/'
train_set = dict(data_root=data_root)
train_dataloader = dict(dataset=dict(labeled=dict(data_root=data_root)))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
val_evaluator = [
    dict(type='PerStudentMetric', metric=dict(type='MKPE', threshold=20.0)),
    dict(type='PerStudentMetric', metric=dict(type='CocoMetric', score_mode='keypoint',
                                              nms_mode='none')),
    dict(type='PerStudentMetric', metric=dict(type='JointPCK', thr=0.1, norm='bbox',
                                              per_action=True))
]
test_evaluator = val_evaluator
