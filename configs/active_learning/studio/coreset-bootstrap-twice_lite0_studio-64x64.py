"""Frames whose 3D poses are far from all labelled ones, and bootstrapping twice a round."""
_base_ = './coreset-bootstrap_lite0_studio-64x64.py'
active_learning = dict(self_training=dict(rounds=2))
