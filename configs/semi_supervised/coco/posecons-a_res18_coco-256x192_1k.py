"""PoseCons A, 1,000 labels, the rest unlabelled (Xie21, Table 1: 38.5 AP)."""
_base_ = './posecons-a-jc_res18_coco-256x192_1k.py'
model = dict(hard_augments=[])
