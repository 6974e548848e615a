"""Trained on four cameras of the rig, tested on the four between them.

As Feng23 trains on 8 cameras and tests on 30 others: MKPE and PCK of the test are those
of cameras that the model has never seen. Validation is on the cameras of training.
"""
_base_ = './all_lite0_synthetic-64x64.py'
train_cameras = ['camera00', 'camera02', 'camera04', 'camera06']
test_cameras = ['camera01', 'camera03', 'camera05', 'camera07']
train_dataloader = dict(dataset=dict(labeled=dict(cameras=train_cameras)))
val_dataloader = dict(dataset=dict(cameras=train_cameras))
test_dataloader = dict(dataset=dict(cameras=test_cameras))
