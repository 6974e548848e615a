"""PoseCons A+JC: 4 labelled frames of ``small``, the others unlabelled."""
_base_ = './posedual-a-jc_lite0_synthetic-64x64_4-frames.py'
model = dict(type='PoseCons')
