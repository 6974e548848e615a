"""Frames whose features, of the network trained so far, are far from all labelled ones."""
_base_ = './random_lite0_mouse-64x64.py'
active_learning = dict(strategy=dict(type='CoreSetFeatures'))
