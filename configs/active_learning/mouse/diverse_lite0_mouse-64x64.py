"""Frames that look different, by ImageNet features: no round needs a model for it."""
_base_ = './random_lite0_mouse-64x64.py'
active_learning = dict(
    initial_strategy=dict(type='Diverse'), strategy=dict(type='Diverse'))
