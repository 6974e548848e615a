"""Random frames, with self-training (Feng23, Alg. 2)."""
_base_ = './random_hrnet-w32_panoptic-256x256.py'
active_learning = dict(self_training=dict(num=20, schedule='alternate'))
