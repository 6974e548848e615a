"""COCO, single views: images whose 2D poses are far from all labelled ones."""
_base_ = './random_res18_coco-256x192.py'
active_learning = dict(strategy=dict(type='CoreSetPoses2D', root=(11, 12)))
