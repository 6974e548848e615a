"""Frames whose views disagree, with RandAugment (Feng23, Appendix C)."""
_base_ = './mvc_res50_interhand-256x256.py'
train_dataloader = dict(dataset=dict(pipeline=_base_.rand_augment_pipeline))
