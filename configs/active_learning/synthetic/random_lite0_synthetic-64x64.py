"""Frames of the synthetic rig labelled at random, 12 at first and 12 a round."""
_base_ = './all_lite0_synthetic-64x64.py'
runner_type = 'ActiveLearningRunner'
active_learning = dict(
    unit='frames',
    initial=12,
    budget=12,
    strategy=dict(type='RandomSampling'),
    limits=dict(rounds=6))
train_cfg = dict(
    _delete_=True,
    type='ActiveLearningLoop',
    round_cfg=dict(type='IterBasedTrainLoop', max_iters=250, val_interval=1000))
