"""Every frame of the mouse labelled, with the schedule of a round."""
_base_ = '../../semi_supervised/mouse/supervised_lite0_mouse-64x64_all.py'
max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=max_iters,
         milestones=[max_iters * 7 // 10, max_iters * 9 // 10],
         gamma=0.1, by_epoch=False)
]
