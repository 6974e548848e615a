"""A hard view teaches the easy one (Xie21, Fig. 8 D3)."""
_base_ = './posecons-a_lite0_synthetic-64x64_60-images.py'
model = dict(
    start=0,
    easy_view=dict(rotation=60, scale=(0.5, 1.5)),
    hard_view=dict(rotation=0, scale=(1, 1)))
