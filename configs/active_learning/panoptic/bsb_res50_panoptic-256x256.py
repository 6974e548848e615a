"""Frames with the smallest margin between two peaks (Feng23, Eq. 1)."""
_base_ = './random_res50_panoptic-256x256.py'
active_learning = dict(strategy=dict(type='BestVsSecondBest'))
