"""2,000 labelled images of train2017 (Yu24, Table 1: 36.07 AP)."""
_base_ = './supervised_res18_coco-256x192_1k.py'
labels = dict(unit='images', num=2000)
train_dataloader = dict(dataset=dict(labeled=dict(labels=labels)))
