"""Frames whose 3D poses are far from all labelled ones (Feng23, Eq. 6, 7)."""
_base_ = './random_lite0_studio-64x64.py'
active_learning = dict(strategy=dict(type='CoreSetPoses', root=(11, 12)))
