"""Frames with the smallest margin between two peaks (Feng23, Eq. 1)."""
_base_ = './random_lite0_studio-64x64.py'
active_learning = dict(strategy=dict(type='BestVsSecondBest'))
