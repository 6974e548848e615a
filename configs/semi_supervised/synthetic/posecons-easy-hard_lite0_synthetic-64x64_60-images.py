"""Easy teaches hard from the first step on, beside the rows that collapse."""
_base_ = './posecons-a_lite0_synthetic-64x64_60-images.py'
model = dict(start=0)
