"""DataDistill (Xie21, Sec. 5); train the supervised config first."""
_base_ = './pseudopose-a_lite0_synthetic-64x64_60-images.py'
model = dict(type='DataDistill', num_views=4)
