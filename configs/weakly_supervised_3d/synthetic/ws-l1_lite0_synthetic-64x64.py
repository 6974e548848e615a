"""WS with the paper's absolute coordinates, which the alignment does not minimise."""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(multi_view=dict(loss_weight=1.0, distance='l1'))
