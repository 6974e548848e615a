"""Denoised and selected pseudo-heatmaps (Yu24), A+JC."""
_base_ = './denoised-a_lite0_synthetic-64x64_60-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
