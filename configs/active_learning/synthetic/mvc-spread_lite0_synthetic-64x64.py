"""MVC, but at most one frame of a sequence: its neighbours disagree for one reason."""
_base_ = './random_lite0_synthetic-64x64.py'
active_learning = dict(
    strategy=dict(type='MultiViewConsistency', max_per_sequence=1))
