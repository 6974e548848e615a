"""Self-training on a growing set, which the paper rejects (Feng23, Appendix B)."""
_base_ = './mvc-pl_lite0_synthetic-64x64.py'
active_learning = dict(self_training=dict(schedule='grow'))
