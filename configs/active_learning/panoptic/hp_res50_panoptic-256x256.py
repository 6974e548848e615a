"""Frames with the lowest highest probability (HP, in the authors' code of Feng23 only)."""
_base_ = './random_res50_panoptic-256x256.py'
active_learning = dict(strategy=dict(type='LeastConfidence'))
