"""PoseDual, affine views: 4 labelled frames of ``small``, each in all 8 views."""
_base_ = './posedual-a_lite0_synthetic-64x64_60-images.py'
labels = dict(unit='frames', num=4, seed=0)
train_dataloader = dict(
    dataset=dict(labeled=dict(labels=labels), unlabeled=dict(labels=labels)))
