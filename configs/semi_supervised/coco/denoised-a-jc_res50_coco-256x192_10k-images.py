"""Yu24, A+JC, 10,000 labelled images (Table 1: 65.36 AP)."""
_base_ = './denoised-a_res50_coco-256x192_10k-images.py'
model = dict(hard_augments=[dict(type='JointCutout', num_joints=5)])
