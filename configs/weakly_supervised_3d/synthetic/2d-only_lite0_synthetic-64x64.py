"""2D labels alone, as long as the rows that have more: what they are measured by."""
_base_ = './pretrain_lite0_synthetic-64x64.py'
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='work_dirs/pretrain_lite0_synthetic-64x64/iter_1500.pth'))
# Norms are about 7; a pose close to having no depth had one above a million, after which
# Adam takes tiny steps for a thousand more.
optim_wrapper = dict(optimizer=dict(lr=5e-4), clip_grad=dict(max_norm=5.0))
train_cfg = dict(max_iters=1000, val_interval=500)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=1000, milestones=[700, 900], gamma=0.1,
         by_epoch=False)
]
