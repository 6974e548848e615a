"""Yu24's lessons, corrected by the other cameras: 4 labelled frames of ``small``."""
_base_ = './multiview-a_lite0_synthetic-64x64_4-frames.py'
model = dict(
    type='MultiViewDenoisedPoseDual',
    fallback='heatmap',
    hard_view=dict(beta=(0.75, 0.75)))
