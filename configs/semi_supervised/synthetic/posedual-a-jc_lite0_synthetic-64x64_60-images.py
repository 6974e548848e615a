"""PoseDual, affine views and JointCutout on five joints (Xie21, A+JC)."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
