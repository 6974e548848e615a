"""PseudoPose (Xie21, Eq. 8); train the supervised config first."""
_base_ = './posecons-a_lite0_synthetic-64x64_4-frames.py'
model = dict(
    type='PseudoPose',
    teacher_checkpoint='work_dirs/supervised_lite0_synthetic-64x64_4-frames/iter_500.pth')
