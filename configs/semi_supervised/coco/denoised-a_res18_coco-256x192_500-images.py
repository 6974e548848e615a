"""Yu24, A, 500 labelled images (Table 1: 39.38 AP)."""
_base_ = './posedual-a_res18_coco-256x192_500-images.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
