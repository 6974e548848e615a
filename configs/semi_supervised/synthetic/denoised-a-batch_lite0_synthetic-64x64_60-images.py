"""As denoised-a, views seen with a batch's own statistics."""
_base_ = './denoised-a_lite0_synthetic-64x64_60-images.py'
model = dict(teacher_statistics='batch')
