"""Multi-view bootstrapping: 4 labelled frames of ``small``, and pseudo-labels of the others.

``mmpose-al bootstrap`` makes the pseudo-labels, ``pseudo.json`` beside ``train.json``, from a
network that ``supervised_lite0_synthetic-64x64_4-frames.py`` trained. Half of each batch are
labels, as many as there, half pseudo-labels.
"""
_base_ = './supervised_lite0_synthetic-64x64_4-frames.py'
labels = dict(unit='frames', num=4, seed=0)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        labeled=[
            dict(_base_.train_set, labels=labels, subset='labeled'),
            dict(_base_.train_set, labels=None, ann_file='pseudo.json')
        ],
        shares=[1, 1]))
