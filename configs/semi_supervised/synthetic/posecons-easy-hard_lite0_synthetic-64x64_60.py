"""The healthy half of the collapse study: easy teaches hard, detached (Xie21)."""
_base_ = './posecons-a-jc_lite0_synthetic-64x64_60.py'
model = dict(hard_augments=[])
