"""PoseDual A, MPII labelled, AI Challenger unlabelled."""
_base_ = './posedual-a-jc_res18_mpii-aic-256x256_all.py'
model = dict(hard_augments=[])
