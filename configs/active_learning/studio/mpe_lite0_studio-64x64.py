"""Frames with the largest multi-peak entropy (Feng23, Eq. 2, 3)."""
_base_ = './random_lite0_studio-64x64.py'
active_learning = dict(strategy=dict(type='MultiPeakEntropy'))
