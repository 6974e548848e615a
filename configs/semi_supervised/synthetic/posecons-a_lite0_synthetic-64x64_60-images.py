"""PoseCons, affine views: 60 labelled images of ``small``."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
model = dict(type='PoseCons')
