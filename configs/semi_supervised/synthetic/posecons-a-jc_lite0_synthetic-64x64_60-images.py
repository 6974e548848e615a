"""PoseCons A+JC: 60 labelled images of ``small``, the others unlabelled."""
_base_ = './posedual-a-jc_lite0_synthetic-64x64_60-images.py'
model = dict(type='PoseCons')
