"""Yu24, A+JC, 1,000 labelled images (Table 1: 47.58 AP)."""
_base_ = './denoised-a_res18_coco-256x192_1k-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
