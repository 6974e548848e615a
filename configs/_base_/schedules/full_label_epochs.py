"""Every image labelled (Yu24, Sec. 4.2): Adam 1e-3, drops at 300 and 350 of 400."""
_base_ = './xie21_epochs.py'
train_cfg = dict(max_epochs=400)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=400, milestones=[300, 350], gamma=0.1,
         by_epoch=True)
]
