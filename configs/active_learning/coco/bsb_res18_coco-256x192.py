"""COCO, single views: images with the smallest margin between two peaks."""
_base_ = './random_res18_coco-256x192.py'
active_learning = dict(strategy=dict(type='BestVsSecondBest'))
