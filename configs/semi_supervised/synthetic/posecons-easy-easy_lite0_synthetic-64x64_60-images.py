"""Naive consistency of two easy views, both in the gradient: collapses (Xie21, 3.2)."""
_base_ = './posecons-a_lite0_synthetic-64x64_60-images.py'
model = dict(
    start=0,
    hard_view=dict(rotation=30, scale=(0.75, 1.25)), detach=False)
