"""Mean teacher, EMA 0.99, easy view to hard view: 60 labelled images of ``small``."""
_base_ = './posecons-a_lite0_synthetic-64x64_60-images.py'
model = dict(type='MeanTeacherPose', momentum=0.99)
