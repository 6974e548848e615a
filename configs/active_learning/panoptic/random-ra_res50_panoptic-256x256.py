"""Random frames, with RandAugment (Feng23, Appendix C)."""
_base_ = './random_res50_panoptic-256x256.py'
train_dataloader = dict(dataset=dict(pipeline=_base_.rand_augment_pipeline))
