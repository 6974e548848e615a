"""Mean teacher, EMA 0.99, of two easy views (Xie21, Fig. 8 B1)."""
_base_ = './meanteacher-99-a_lite0_synthetic-64x64_60-images.py'
model = dict(start=0, hard_view=dict(rotation=30, scale=(0.75, 1.25)))
