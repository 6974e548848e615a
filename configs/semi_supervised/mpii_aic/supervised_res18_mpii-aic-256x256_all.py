"""For comparison: MPII and the labels of AI Challenger, mapped to MPII's joints."""
_base_ = './supervised_res18_mpii-256x256_all.py'
train_dataloader = dict(
    dataset=dict(labeled=[_base_.train_dataloader.dataset.labeled, _base_.aic_labeled]))
