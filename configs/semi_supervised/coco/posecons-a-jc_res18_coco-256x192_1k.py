"""PoseCons A+JC, 1,000 labels, the rest unlabelled (Xie21, Table 1: 42.1 AP)."""
_base_ = './posedual-a-jc_res18_coco-256x192_1k.py'
model = dict(type='PoseCons')
