"""Yu24, A, 5,000 labelled images (Table 1: 60.67 AP)."""
_base_ = './posedual-a_res50_coco-256x192_5k-images.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
