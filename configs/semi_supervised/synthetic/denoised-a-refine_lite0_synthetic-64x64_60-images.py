"""... and threshold-and-refine (Yu24, Table 4, row 3)."""
_base_ = './denoised-a_lite0_synthetic-64x64_60-images.py'
model = dict(select=False)
