"""An easy view and a hard one, both in the gradient: collapses (Xie21, Sec. 3.3)."""
_base_ = './posecons-easy-hard_lite0_synthetic-64x64_60-images.py'
model = dict(detach=False)
