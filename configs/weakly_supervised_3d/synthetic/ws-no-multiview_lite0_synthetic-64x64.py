"""WS without the consistency of views: limb lengths alone."""
_base_ = './ws_lite0_synthetic-64x64.py'
model = dict(multi_view=None)
