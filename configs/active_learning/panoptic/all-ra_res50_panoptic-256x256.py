"""Every frame labelled, with RandAugment (Feng23, Appendix C)."""
_base_ = './all_res50_panoptic-256x256.py'
train_dataloader = dict(dataset=dict(pipeline=_base_.rand_augment_pipeline))
