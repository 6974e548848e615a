"""Denoised and selected pseudo-heatmaps (Yu24), affine views."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(beta=(0.75, 0.75)))
