"""DataDistill A, 10,000 labels (Xie21, Table 1: 56.6 AP)."""
_base_ = './pseudopose-a_res18_coco-256x192_10k.py'
model = dict(type='DataDistill', num_views=4)
