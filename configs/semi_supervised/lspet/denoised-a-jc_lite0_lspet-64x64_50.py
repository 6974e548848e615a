"""Denoised and selected pseudo-heatmaps (Yu24), A+JC: 50 labelled images."""
_base_ = './denoised-a_lite0_lspet-64x64_50.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
