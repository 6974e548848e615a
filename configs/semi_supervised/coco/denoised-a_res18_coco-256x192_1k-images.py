"""Yu24, A, 1,000 labelled images (Table 1: 46.27 AP)."""
_base_ = './posedual-a_res18_coco-256x192_1k-images.py'
model = dict(
    type='DenoisedPoseDual',
    hard_view=dict(rotation=60, scale=(0.5, 1.5), beta=(0.75, 0.75)))
