"""Frames of the mouse at random: 5, 10, 20, 40 and 60 labels, 500 steps each."""
_base_ = './all_lite0_mouse-64x64.py'
runner_type = 'ActiveLearningRunner'
active_learning = dict(
    unit='images',
    initial=5,
    budget=[5, 10, 20],
    strategy=dict(type='RandomSampling'),
    limits=dict(labels=60))
train_cfg = dict(
    _delete_=True,
    type='ActiveLearningLoop',
    round_cfg=dict(type='IterBasedTrainLoop', max_iters=_base_.max_iters, val_interval=1000))
