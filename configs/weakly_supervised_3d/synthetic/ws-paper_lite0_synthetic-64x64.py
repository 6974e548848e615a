"""WS as the paper has it: nothing tells a world from its mirror image."""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(
    multi_view=dict(loss_weight=1.0, apparent_size=False, distance='l1'),
    handedness=None,
    range_weight=0.0)
