"""Naive consistency, foreground pixels weigh more (Xie21, Fig. 8 C)."""
_base_ = './posecons-easy-easy_lite0_synthetic-64x64_60-images.py'
model = dict(consistency=dict(foreground_weight=10.0))
