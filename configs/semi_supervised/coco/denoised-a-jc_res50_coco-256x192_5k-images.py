"""Yu24, A+JC, 5,000 labelled images (Table 1: 62.14 AP)."""
_base_ = './denoised-a_res50_coco-256x192_5k-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
