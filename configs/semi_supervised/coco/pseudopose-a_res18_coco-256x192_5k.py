"""PseudoPose A, 5,000 labels (Xie21, Table 1: 50.9 AP)."""
_base_ = './posecons-a_res18_coco-256x192_5k.py'
model = dict(
    type='PseudoPose',
    teacher_checkpoint='work_dirs/supervised_res18_coco-256x192_5k/epoch_100.pth')
