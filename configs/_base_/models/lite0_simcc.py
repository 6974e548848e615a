"""EfficientNet-Lite0 to stride 16 with RTMPose's head, for 64x64: a CPU trains it.

A config that inherits from this gives the head its ``out_channels``.
"""
_base_ = ['./lite0_heatmap.py', './simcc_64x64.py']
model = dict(head=dict(_delete_=True, **_base_.simcc_head))
