"""Mean teacher, EMA 0.999, easy view to hard view: 60 labelled images of ``small``."""
_base_ = './meanteacher-99-a_lite0_synthetic-64x64_60-images.py'
model = dict(momentum=0.999)
