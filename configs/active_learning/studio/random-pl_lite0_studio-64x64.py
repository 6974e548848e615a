"""Random frames, with self-training on the frames whose views agree (Feng23, Alg. 2)."""
_base_ = './random_lite0_studio-64x64.py'
active_learning = dict(self_training=dict(num=4, schedule='alternate'))
