"""PseudoPose A, 1,000 labels (Xie21, Table 1: 37.2 AP)."""
_base_ = './posecons-a_res18_coco-256x192_1k.py'
model = dict(
    type='PseudoPose',
    teacher_checkpoint='work_dirs/supervised_res18_coco-256x192_1k/epoch_100.pth')
