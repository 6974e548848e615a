"""Frames whose 3D poses are far from all labelled ones (Feng23, Eq. 6, 7)."""
_base_ = './random_res50_interhand-256x256.py'
active_learning = dict(strategy=dict(type='CoreSetPoses', root=20))
