"""Naive consistency, teachers above 0.4 only (Xie21, Fig. 8 A)."""
_base_ = './posecons-easy-easy_lite0_synthetic-64x64_60-images.py'
model = dict(consistency=dict(min_confidence=0.4))
