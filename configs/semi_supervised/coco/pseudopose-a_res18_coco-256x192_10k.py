"""PseudoPose A, 10,000 labels (Xie21, Table 1: 56.0 AP)."""
_base_ = './posecons-a_res18_coco-256x192_10k.py'
model = dict(
    type='PseudoPose',
    teacher_checkpoint='work_dirs/supervised_res18_coco-256x192_10k/epoch_100.pth')
