"""Frames of the studio rig labelled at random, 4 at first and 4 a round."""
_base_ = './all_lite0_studio-64x64.py'
runner_type = 'ActiveLearningRunner'
active_learning = dict(
    unit='frames',
    initial=4,
    budget=4,
    strategy=dict(type='RandomSampling'),
    limits=dict(rounds=5))
train_cfg = dict(
    _delete_=True,
    type='ActiveLearningLoop',
    round_cfg=dict(type='IterBasedTrainLoop', max_iters=1200, val_interval=1200))
