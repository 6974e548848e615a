"""PseudoPose (Xie21, Eq. 8); train the supervised config first."""
_base_ = './posecons-a_lite0_synthetic-64x64_60-images.py'
model = dict(
    type='PseudoPose',
    start=0,
    teacher_checkpoint='work_dirs/supervised_lite0_synthetic-64x64_60-images/'
    'iter_1200.pth')
