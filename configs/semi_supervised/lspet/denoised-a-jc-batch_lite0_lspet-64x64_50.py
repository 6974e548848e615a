"""As denoised-a-jc, views seen with a batch's own statistics."""
_base_ = './denoised-a-jc_lite0_lspet-64x64_50.py'
model = dict(teacher_statistics='batch')
