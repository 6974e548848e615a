"""Yu24's lessons, corrected by the other cameras: 4 labelled frames of the studio."""
_base_ = './multiview-a_lite0_studio-64x64_4-frames.py'
model = dict(
    type='MultiViewDenoisedPoseDual',
    fallback='heatmap',
    hard_view=dict(beta=(0.75, 0.75)))
