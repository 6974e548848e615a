"""COCO, single views: images whose features are far from those labelled (Sener18)."""
_base_ = './random_res18_coco-256x192.py'
active_learning = dict(strategy=dict(type='CoreSetFeatures'))
