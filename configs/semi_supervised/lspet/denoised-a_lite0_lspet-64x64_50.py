"""Denoised and selected pseudo-heatmaps (Yu24), affine views: 50 labelled images."""
_base_ = './posedual-a_lite0_lspet-64x64_50.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
