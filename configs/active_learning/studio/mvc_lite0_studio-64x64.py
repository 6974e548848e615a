"""Frames whose views disagree (Feng23, Eq. 8)."""
_base_ = './random_lite0_studio-64x64.py'
active_learning = dict(strategy=dict(type='MultiViewConsistency'))
