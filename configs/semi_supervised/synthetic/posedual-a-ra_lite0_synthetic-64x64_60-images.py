"""PoseDual, affine views and RandAugment of strength 20 (Xie21, "RA 20")."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
model = dict(hard_augments=[dict(type='PoseRandAugment', magnitude=20)])
