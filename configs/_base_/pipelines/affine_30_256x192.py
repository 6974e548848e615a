"""One person at 256x192, for COCO."""
_base_ = './affine_30_256x256.py'
input_size = (192, 256)
codec = dict(
    type='MSRAHeatmap', input_size=input_size, heatmap_size=(48, 64), sigma=2)

sized = dict(
    TopdownAffine=dict(input_size=input_size), GenerateTarget=dict(encoder=codec))
train_pipeline = [
    dict(step, **sized.get(step.type, {})) for step in _base_.train_pipeline]
val_pipeline = [dict(step, **sized.get(step.type, {})) for step in _base_.val_pipeline]
del sized
