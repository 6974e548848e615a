"""The synthetic benchmark's preset ``studio``: people in 8 views, without clutter.

    mmpose-al synthetic work_dirs/studio --preset studio
"""
_base_ = './synthetic.py'
data_root = 'work_dirs/studio/'
train_set = dict(data_root=data_root)
train_dataloader = dict(dataset=dict(labeled=dict(data_root=data_root)))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
