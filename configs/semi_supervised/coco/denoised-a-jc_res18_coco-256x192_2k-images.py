"""Yu24, A+JC, 2,000 labelled images (Table 1: 51.25 AP)."""
_base_ = './denoised-a_res18_coco-256x192_2k-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
