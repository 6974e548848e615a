"""PoseCons, affine views: 4 labelled frames of ``small``."""
_base_ = './posedual-a_lite0_synthetic-64x64_4-frames.py'
model = dict(type='PoseCons')
