"""Frames with the largest multi-peak entropy (Feng23, Eq. 2, 3)."""
_base_ = './random_hrnet-w32_panoptic-256x256.py'
active_learning = dict(strategy=dict(type='MultiPeakEntropy'))
