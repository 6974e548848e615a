"""As mvc-code-pl, with as many pseudo-labels of each of ten clusters of poses."""
_base_ = './mvc-code-pl_res50_panoptic-256x256.py'
active_learning = dict(self_training=dict(choice='clusters'))
