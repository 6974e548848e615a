"""Frames at random, and multi-view bootstrapping twice a round."""
_base_ = './random-bootstrap_lite0_studio-64x64.py'
active_learning = dict(self_training=dict(rounds=2))
