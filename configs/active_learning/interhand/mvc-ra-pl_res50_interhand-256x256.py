"""Frames whose views disagree, with RandAugment and self-training (Feng23, Alg. 2)."""
_base_ = './mvc-ra_res50_interhand-256x256.py'
active_learning = dict(self_training=dict(num=400, schedule='alternate'))
