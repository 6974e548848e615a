"""Frames on which the two students of a PoseDual disagree."""
_base_ = './random-posedual_lite0_mouse-64x64.py'
active_learning = dict(strategy=dict(type='CommitteeDisagreement'))
