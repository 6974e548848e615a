"""Frames whose views disagree, with self-training (Feng23, Alg. 2)."""
_base_ = './mvc_lite0_studio-64x64.py'
active_learning = dict(self_training=dict(num=4, schedule='alternate'))
