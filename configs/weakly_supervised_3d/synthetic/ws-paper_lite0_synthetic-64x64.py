"""WS as the paper has it: nothing tells a world from its mirror image."""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(handedness=None, range_weight=0.0)
