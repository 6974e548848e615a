"""Synthetic benchmark ``small``: every label, the upper bound."""
_base_ = './supervised_lite0_synthetic-64x64_60-images.py'
train_dataloader = dict(dataset=dict(labeled=dict(subset=None, labels=None)))
