"""Synthetic benchmark ``small``: 4 labelled frames, each in all 8 views, alone."""
_base_ = './supervised_lite0_synthetic-64x64_60-images.py'
labels = dict(unit='frames', num=4, seed=0)
train_dataloader = dict(dataset=dict(labeled=dict(labels=labels)))
