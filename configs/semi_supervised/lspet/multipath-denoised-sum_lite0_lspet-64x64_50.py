"""As multipath-denoised, each path weighs what the only one of Yu24 does."""
_base_ = './multipath-denoised_lite0_lspet-64x64_50.py'
model = dict(consistency=dict(loss_weight=1.0))
