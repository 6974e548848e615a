"""Frames whose views disagree (Feng23, Eq. 8)."""
_base_ = './random_hrnet-w32_panoptic-256x256.py'
active_learning = dict(strategy=dict(type='MultiViewConsistency'))
