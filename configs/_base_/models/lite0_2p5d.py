"""EfficientNet-Lite0 to stride 16 with the 2.5D head of Iqbal20, depth layers apart.

A config that inherits from this gives the head what every heatmap head needs, and the
skeleton's ``pair``, ``limbs`` and ``mean_lengths``.
"""
_base_ = './lite0_heatmap.py'
model = dict(head=dict(type='Heatmap2p5DHead', separate_depth=True))
