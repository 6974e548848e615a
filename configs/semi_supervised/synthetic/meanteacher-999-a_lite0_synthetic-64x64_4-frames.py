"""Mean teacher, EMA 0.999, easy view to hard view: 4 labelled frames of ``small``."""
_base_ = './meanteacher-99-a_lite0_synthetic-64x64_4-frames.py'
model = dict(momentum=0.999)
