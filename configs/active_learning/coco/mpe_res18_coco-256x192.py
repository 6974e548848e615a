"""COCO, single views: images with the largest multi-peak entropy."""
_base_ = './random_res18_coco-256x192.py'
active_learning = dict(strategy=dict(type='MultiPeakEntropy'))
