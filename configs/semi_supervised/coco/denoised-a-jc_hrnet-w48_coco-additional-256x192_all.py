"""Yu24, A+JC, train2017 and unlabeled2017 (Table 5: 79.4 AP)."""
_base_ = './posedual-a-jc_hrnet-w48_coco-additional-256x192_all.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
