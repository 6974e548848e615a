"""3D poses far from all labelled ones; training as in `random-multiview-bootstrap`."""
_base_ = './random-multiview-bootstrap_lite0_studio-64x64.py'
active_learning = dict(strategy=dict(type='CoreSetPoses', root=(11, 12)))
