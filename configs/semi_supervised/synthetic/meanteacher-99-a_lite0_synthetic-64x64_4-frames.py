"""Mean teacher, EMA 0.99, easy view to hard view: 4 labelled frames of ``small``."""
_base_ = './posecons-a_lite0_synthetic-64x64_4-frames.py'
model = dict(type='MeanTeacherPose', momentum=0.99)
