"""One person at 128x128, for networks that a CPU trains."""
_base_ = './affine_30_256x256.py'
input_size = (128, 128)
codec = dict(
    type='MSRAHeatmap',
    input_size=input_size,
    heatmap_size=(64, 64),
    sigma=2,
    unbiased=True,
    blur_kernel_size=11)

sized = dict(
    TopdownAffine=dict(input_size=input_size), GenerateTarget=dict(encoder=codec))
train_pipeline = [
    dict(step, **sized.get(step.type, {})) for step in _base_.train_pipeline]
val_pipeline = [dict(step, **sized.get(step.type, {})) for step in _base_.val_pipeline]
del sized
