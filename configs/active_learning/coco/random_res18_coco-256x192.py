"""COCO, single views: random images, 500 at first and 500 a round."""
_base_ = './all_res18_coco-256x192.py'
runner_type = 'ActiveLearningRunner'
active_learning = dict(
    unit='images',
    initial=500,
    budget=500,
    strategy=dict(type='RandomSampling'),
    limits=dict(rounds=6))
train_cfg = dict(
    _delete_=True, type='ActiveLearningLoop', round_cfg=_base_.round_cfg)
