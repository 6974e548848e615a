"""Yu24, A, 10,000 labelled images (Table 1: 63.81 AP)."""
_base_ = './posedual-a_res50_coco-256x192_10k-images.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
