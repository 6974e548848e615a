"""PoseDual, affine views: 60 labelled images of ``small``, the others unlabelled."""
_base_ = './posedual-a-jc_lite0_synthetic-64x64_60.py'
model = dict(hard_augments=[])
