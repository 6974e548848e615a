"""Frames at random, and multi-view bootstrapping."""
_base_ = './random_lite0_synthetic-64x64.py'
active_learning = dict(
    self_training=dict(type='MultiViewBootstrapping', min_inliers=4, rounds=1, batch_size=16))
