"""PoseDual, affine views and cut-occlude at two joints."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
model = dict(hard_augments=[dict(type='JointCutOcclude', num_joints=2)])
