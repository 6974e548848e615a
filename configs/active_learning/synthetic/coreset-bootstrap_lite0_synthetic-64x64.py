"""Frames whose 3D poses are far from all labelled ones, and multi-view bootstrapping."""
_base_ = './coreset_lite0_synthetic-64x64.py'
active_learning = dict(
    self_training=dict(type='MultiViewBootstrapping', min_inliers=4, rounds=1, batch_size=16))
