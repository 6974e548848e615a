"""Adaptation: PoseDual A, MPII labelled, Human3.6M unlabelled."""
_base_ = './posedual-a-jc_res18_mpii-h36m-256x256_all.py'
model = dict(hard_augments=[])
