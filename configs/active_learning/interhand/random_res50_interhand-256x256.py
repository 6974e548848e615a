"""InterHand2.6M: random frames, 2,000 at first and 2,000 a round, of 12,123."""
_base_ = './all_res50_interhand-256x256.py'
runner_type = 'ActiveLearningRunner'
active_learning = dict(
    unit='frames',
    initial=2000,
    budget=2000,
    strategy=dict(type='RandomSampling'),
    limits=dict(rounds=5),
    threshold=7.0)
train_cfg = dict(
    _delete_=True, type='ActiveLearningLoop', round_cfg=_base_.round_cfg)
