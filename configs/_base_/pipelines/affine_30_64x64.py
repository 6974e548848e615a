"""One person at 64x64, for tables made on a CPU."""
_base_ = './affine_30_256x256.py'
input_size = (64, 64)
codec = dict(
    type='MSRAHeatmap',
    input_size=input_size,
    heatmap_size=(32, 32),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7)

sized = dict(
    TopdownAffine=dict(input_size=input_size), GenerateTarget=dict(encoder=codec))
train_pipeline = [
    dict(step, **sized.get(step.type, {})) for step in _base_.train_pipeline]
val_pipeline = [dict(step, **sized.get(step.type, {})) for step in _base_.val_pipeline]
del sized
