"""Frames whose views disagree, and multi-view bootstrapping."""
_base_ = './mvc_lite0_studio-64x64.py'
active_learning = dict(
    self_training=dict(type='MultiViewBootstrapping', min_inliers=4, rounds=1, batch_size=16))
