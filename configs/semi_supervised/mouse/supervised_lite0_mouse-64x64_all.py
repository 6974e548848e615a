"""All 1,026 labels: the upper bound."""
_base_ = './supervised_lite0_mouse-64x64_10.py'
train_dataloader = dict(dataset=dict(labeled=dict(subset=None, labels=None)))
