"""PoseDual with K = 2 strong views and their maximum (Yu24, Table 4, row 2)."""
_base_ = './denoised-a-refine_lite0_synthetic-64x64_60-images.py'
model = dict(refine=False, threshold=-1.0)
