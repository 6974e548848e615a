"""Naive consistency of two hard views, both in the gradient (Xie21, Fig. 8 D2)."""
_base_ = './posecons-a_lite0_synthetic-64x64_60-images.py'
model = dict(
    start=0,
    easy_view=dict(rotation=60, scale=(0.5, 1.5)),
    hard_view=dict(rotation=60, scale=(0.5, 1.5)),
    detach=False)
