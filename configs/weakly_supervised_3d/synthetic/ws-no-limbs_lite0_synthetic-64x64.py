"""WS without the limb lengths."""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(limbs=None)
