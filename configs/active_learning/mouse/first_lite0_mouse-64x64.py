"""The first frames of the recording: what is labelled by whoever begins at its beginning."""
_base_ = './random_lite0_mouse-64x64.py'
active_learning = dict(
    initial_strategy=dict(type='FirstFrames'), strategy=dict(type='FirstFrames'))
