"""Yu24, A+JC, with AI Challenger (Table 5: 79.8 AP)."""
_base_ = './posedual-a-jc_hrnet-w48_coco-aic-256x192_all.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
