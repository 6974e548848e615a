"""5,000 labelled images of train2017 (Yu24, Table 1: 49.31 AP)."""
_base_ = './supervised_res18_coco-256x192_1k.py'
model = dict(
    backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')),
    head=dict(in_channels=2048))
labels = dict(unit='images', num=5000)
train_dataloader = dict(dataset=dict(labeled=dict(labels=labels)))
