"""Yu24, A+JC, 500 labelled images (Table 1: 42.13 AP)."""
_base_ = './denoised-a_res18_coco-256x192_500-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
