"""All 8,000 labels: the upper bound."""
_base_ = './supervised_lite0_lspet-64x64_50.py'
train_dataloader = dict(dataset=dict(labeled=dict(subset=None, labels=None)))
