"""Frames with the largest multi-peak entropy (Feng23, Eq. 2, 3)."""
_base_ = './random_res50_interhand-256x256.py'
active_learning = dict(strategy=dict(type='MultiPeakEntropy'))
