"""CMU Panoptic, HRNet-W32: random frames, 200 at first and 100 a round, up to 1,000."""
_base_ = './all_hrnet-w32_panoptic-256x256.py'
runner_type = 'ActiveLearningRunner'
active_learning = dict(
    unit='frames',
    initial=200,
    budget=100,
    strategy=dict(type='RandomSampling'),
    limits=dict(rounds=9),
    threshold=20.0)
train_cfg = dict(
    _delete_=True, type='ActiveLearningLoop', round_cfg=_base_.round_cfg)
