"""DataDistill A, 1,000 labels (Xie21, Table 1: 37.6 AP)."""
_base_ = './pseudopose-a_res18_coco-256x192_1k.py'
model = dict(type='DataDistill', num_views=4)
