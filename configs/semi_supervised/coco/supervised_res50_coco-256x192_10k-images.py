"""10,000 labelled images of train2017 (Yu24, Table 1: 55.98 AP)."""
_base_ = './supervised_res50_coco-256x192_5k-images.py'
labels = dict(unit='images', num=10000)
train_dataloader = dict(dataset=dict(labeled=dict(labels=labels)))
